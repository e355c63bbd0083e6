"""Parameters of the families of measures in study.yaml or in a file of their own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from stillface.domain.measure_params import (
    USUAL,
    ContingencyParams,
    MeasureParams,
    OccupancyParams,
    ReturnToBaselineParams,
    SynchronyParams,
)
from stillface.domain.study import Study
from stillface.errors import FieldError, InputError
from stillface.io.measure_params_yaml import read_measure_params
from stillface.io.study_yaml import StudyFile, read_study, write_study

BLOCK = """\
measures:
  occupancy: {bridge_gap_ms: 500}
  return_to_baseline:
    window_s: 15
  contingency:
    window_s: 5
    unit_s: 0.5
  synchrony: {step_s: 0.5, max_lag_s: 3, window_s: 15, min_n: 30, detrend: true, prewhiten: true}
"""
ALL = MeasureParams(
    OccupancyParams(500),
    ReturnToBaselineParams(15.0),
    ContingencyParams(5.0, 0.5),
    SynchronyParams(0.5, 3.0, 15.0, 30, detrend=True, prewhiten=True),
)


def written(folder: Path, text: str) -> Path:
    path = folder / "params.yaml"
    path.write_text(text)
    return path


def test_every_parameter_can_be_set(tmp_path: Path) -> None:
    assert read_measure_params(written(tmp_path, BLOCK)) == ALL


def test_what_is_not_named_is_as_usual(tmp_path: Path) -> None:
    found = read_measure_params(written(tmp_path, "measures:\n  synchrony: {detrend: true}\n"))
    assert found == MeasureParams(synchrony=SynchronyParams(detrend=True))
    assert found.changed("synchrony") == {"detrend": True}
    assert found.changed("contingency") == found.changed("a_plugin") == {}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("synchrony: {step_s: 1}\n", 1, "one of measures"),
        ("measures:\n  synchroni: {step_s: 1}\n", 2, "did you mean synchrony?"),
        ("measures:\n  occupancy:\n    bridge_gap: 5\n", 3, "did you mean bridge_gap_ms?"),
        ("measures:\n  occupancy: {bridge_gap_ms: 0.5}\n", 2, "not a whole number"),
        ("measures:\n  occupancy: {bridge_gap_ms: -1}\n", 2, "at least 0"),
        ("measures:\n  contingency:\n    unit_s: 1\n    window_s: 0\n", 4, "> 0"),
        ("measures:\n  synchrony:\n    step_s: 1\n    window_s: 2\n", 4, "at least 3 steps"),
        ("measures:\n  synchrony:\n    step_s: 8\n", 2, "at least 3 steps"),
        ("measures:\n  synchrony:\n    min_n: 2\n", 3, "at least 4"),
        ("measures:\n  synchrony:\n    max_lag_s: -1\n", 3, "at least 0"),
        ("measures:\n  synchrony:\n    detrend: yes\n", 3, "true"),
        ("measures:\n  return_to_baseline: {window_s: -3}\n", 2, "> 0"),
    ],
)
def test_what_cannot_be_is_refused_at_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(InputError) as refused:
        read_measure_params(path)
    assert f"params.yaml:{line}" in str(refused.value)
    assert words in str(refused.value)


def test_code_is_refused_the_same(tmp_path: Path) -> None:
    with pytest.raises(FieldError, match=r"synchrony\.step_s"):
        SynchronyParams(step_s=0)
    with pytest.raises(FieldError, match="window_s"):
        SynchronyParams(window_s=float("nan"))


def test_study_yaml_holds_them_and_gives_them_back(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    study = Study("lab", "ffsf_2_2_2", measures=ALL)
    write_study(path, StudyFile(study))
    assert read_study(path).study == study
    # As usual is not written: a file of before stays as it was.
    write_study(path, StudyFile(replace(study, measures=USUAL)))
    assert "measures" not in path.read_text()
    assert read_study(path).study.measures == USUAL


def test_a_wrong_parameter_in_study_yaml_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(
        "schema_version: 1\nstudy_id: lab\nprotocol: ffsf_2_2_2\nmeasures:\n  contingency: {unit_s: soon}\n"
    )
    with pytest.raises(InputError, match=r"study\.yaml:5"):
        read_study(path)
