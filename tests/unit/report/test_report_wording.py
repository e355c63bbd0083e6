from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

import stillface
import stillface.report
from fixtures import report_example as example
from stillface.domain.recording import Region, VideoRecording
from stillface.domain.results import Status
from stillface.report import CAVEATS, session_report, study_report
from stillface.report.privacy import file_names, without_paths
from stillface.report.wording import (
    STATUS_WORDS,
    code_label,
    contrast_label,
    described,
    flag_words,
    measure_label,
    rounded,
    source_label,
    status_words,
)

CAVEAT_TEXTS = [caveat.text for caveat in CAVEATS.values()]

BANNED = (
    "good mother", "bad mother", "mother", "cold", "failed", "failure", "abnormal", "attachment score",
    "normal range", "initiator", "poor",
)  # fmt: skip


@pytest.fixture(scope="module")
def words() -> str:
    """Every word that the pages and their templates can say."""
    templates = Path(stillface.report.__file__).parent / "templates"
    pages = [session_report(example.session_data()), study_report(example.study_data())]
    # What stands between {% and %} or {{ and }} is for the machine and never shown.
    pages += [re.sub(r"{[%{].*?[%}]}", " ", p.read_text("utf-8")) for p in sorted(templates.glob("*.j2"))]
    shown = [*pages, *CAVEAT_TEXTS, *STATUS_WORDS.values()]
    return " ".join(re.sub(r"<[^>]*>", " ", text) for text in shown).lower()


@pytest.mark.parametrize("word", BANNED)
def test_banned_words_stand_nowhere(words: str, word: str) -> None:
    assert not re.search(rf"\b{word}\b", words)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0.00"), (33.333333, "33.33"), (147.058, "147.1"), (99.96, "100.0"), (-12.5, "−12.50"),
        (0.0123456, "0.0123"), (1234.56, "1234.6"), (-0.00004567, "−4.57e−05"),
    ],
)  # fmt: skip
def test_rounding(value: float, shown: str) -> None:
    assert rounded(value) == shown


def test_measures_have_words() -> None:
    assert measure_label("n_repair_by_partner_a") == "repairs completed by partner_a"
    assert measure_label("n_mismatch_onset_joint") == "mismatch onsets, both at once"
    assert measure_label("something_new_s") == "something new s"
    assert flag_words("n_censored=2") == "2 censored"
    assert flag_words("confirmed_s=36.19973") == "confirmed at 36.2 s"
    said = ("bridge_gap_ms=500", "step_s=0.25", "unit_s=0.04", "detrend=True")
    assert [flag_words(flag) for flag in said] == [
        "gaps up to 500 ms bridged", "steps of 0.25 s", "time in units of 0.04 s", "detrended",
    ]  # fmt: skip


def test_every_measure_of_the_codebook_is_described() -> None:
    lines = (Path(stillface.__file__).parent / "io" / "codebook.csv").read_text("utf-8").splitlines()
    measures = [
        row["name"].replace("{role}", "infant") for row in csv.DictReader(lines) if row["kind"] == "measure"
    ]
    assert len(measures) > 60
    assert [name for name in measures if described(name) is None] == []


def test_a_ratio_names_its_valence_and_is_at_no_risk() -> None:
    assert code_label("recovery_ratio", "pct_negative") == "time negative"
    assert code_label("recovery_ratio", "object") == "object"
    assert status_words(Status.NA_NOTATRISK, "recovery_ratio") == "no still-face effect to recover from"
    assert status_words(Status.NA_NOTATRISK, "recovery_latency_s").startswith("not at risk")


@pytest.mark.parametrize(
    ("episode_id", "words"),
    [
        ("SF-PL", "still-face effect, reactivity"),
        ("RE-SF", "reunion effect, recovery"),
        ("RE-PL", "carry-over"),
        ("PL-SF-RE", ""),
        ("PL-RE", ""),
    ],
)
def test_contrasts_have_words(episode_id: str, words: str) -> None:
    assert contrast_label(example.protocol(), episode_id) == words


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("human:AB", "coder AB"),
        ("auto:gaze@0.1", "auto, unreviewed (gaze@0.1)"),
        ("auto_reviewed:AB", "auto, reviewed by AB"),
        ("consensus:AB+CD", "consensus AB+CD"),
    ],
)
def test_sources_say_who(source: str, words: str) -> None:
    assert source_label(source) == words


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("media/a.mp4: empty", "[file]: empty"),
        ("/home/x/y z", "[file] z"),
        ("D:\\study\\x.edf is damaged", "[file] is damaged"),
        ("read Anna Lee.mp4 twice", "read [file] twice"),
        ("16.7/min and 0.24/1.04 Hz and 3/4", "16.7/min and 0.24/1.04 Hz and 3/4"),
        ("affect@1.2 with mediapipe 0.10.21", "affect@1.2 with mediapipe 0.10.21"),
    ],
)
def test_paths_are_replaced(text: str, clean: str) -> None:
    film = VideoRecording("cam", ("media/Anna Lee.mp4",), {"infant": Region(0, 0, 1, 1)})
    assert without_paths(text, file_names((film,))) == clean


def test_paths_are_replaced_inside_lists_and_mappings() -> None:
    assert without_paths({"a": ["x/y", 1, None], "p/q": 2.5}) == {"a": ["[file]", 1, None], "[file]": 2.5}
