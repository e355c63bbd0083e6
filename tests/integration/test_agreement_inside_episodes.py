"""What a study's agreement rests on: time inside the episodes, codings that are done, pairs that count."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillface.domain.session import Episode
from stillface.io.bundle import StudyFolder
from stillface.io.study_yaml import ReliabilityPlan
from stillface.pipeline.agree_figures import AgreementParams
from stillface.pipeline.agree_page import write_reliability_page
from stillface.pipeline.agree_streams import session_streams
from stillface.pipeline.agree_study import study_agreement
from tests.integration.agreement_study import S, as_coded, make_study, true_codes, write_log

PARAMS = AgreementParams(n_resamples=20)


@pytest.fixture
def folder(tmp_path: Path) -> StudyFolder:
    """Two drawn sessions and a master, each coded by AB and CD (of the master by the expert and AB)."""
    plan = ReliabilityPlan(0.5, seed=1, sessions=("s00", "s01"), masters={"s02": "EXPERT"})
    made = make_study(tmp_path / "study", 3, plan)
    for k, coders in enumerate((("AB", "CD"), ("AB", "CD"), ("AB", "EXPERT"))):
        for n, coder in enumerate(coders):
            write_log(made, f"s{k:02d}", coder, as_coded(true_codes(k), 10 * k + n, 0.1))
    return made


def test_time_outside_the_episodes_is_not_compared(folder: StudyFolder) -> None:
    (row, *_) = study_agreement(folder, PARAMS).content["sessions"]
    assert row["compared_s"] == pytest.approx(360)
    moved = (Episode("PL", 30 * S, 120 * S), Episode("SF", 120 * S, 240 * S), Episode("RE", 250 * S, 360 * S))
    session = folder.load_session("s00")
    folder.save_session(type(session)(**{**vars(session), "episodes": moved}))
    content = study_agreement(folder, PARAMS).content
    assert content["sessions"][0]["compared_s"] == pytest.approx(320)
    (stream, _) = session_streams(folder, "s00").people
    assert stream.track.scorable_ns == 320 * S
    assert content["plan"]["n_done"] == 2


def test_a_coding_that_is_only_begun_does_not_count_as_done(folder: StudyFolder) -> None:
    assert study_agreement(folder, PARAMS).content["plan"]["n_done"] == 2
    (folder.codes_dir("s01") / "CD.lab-1.jsonl").unlink()
    write_log(folder, "s01", "CD", [(0, 11 * S, "neu")])
    plan = study_agreement(folder, PARAMS).content["plan"]
    assert plan["n_done"] == 1
    assert plan["sessions"][1]["missing"] == ["infant/affect3: 1 more from scratch (begun, not finished: CD)"]


def test_masters_are_drawn_with_certification_apart_and_not_where_coders_differ(folder: StudyFolder) -> None:
    found = study_agreement(folder, PARAMS)
    assert {item.session.session_id for item in found.disagreements} == {"s00", "s01"}
    assert {row["session_id"]: row["counted"] for row in found.content["sessions"]} == {
        "s00": True, "s01": True, "s02": False,
    }  # fmt: skip
    page = write_reliability_page(folder, found).read_text()
    assert "s01 infant affect3, AB and CD: what other programs would print" in page
    assert "s02 infant affect3, AB and EXPERT: what other programs would print" not in page
