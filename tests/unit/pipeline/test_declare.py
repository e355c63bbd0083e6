"""The words in which a visit is typed."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from stillface.domain.recording import WHOLE, Region, SignalRecording, SyncMark
from stillface.errors import InputError, StillfaceError, UsageError
from stillface.io.protocol_yaml import load_protocol
from stillface.pipeline.declare import VisitWords, declare

PROTOCOL = load_protocol("ffsf_2_2_2")
HERE = Path()


def channel(words: VisitWords) -> SignalRecording:
    return declare(words, PROTOCOL, HERE).session.channels[0]


def test_everything_said_is_in_the_session(words: VisitWords) -> None:
    session = declare(words, PROTOCOL, HERE).session
    video = session.videos[0]
    assert video.regions == {"infant": Region(0, 0, 0.5, 1), "caregiver": Region(0.5, 0, 0.5, 1)}
    assert video.partner_toward == {"infant": "right", "caregiver": "left"}
    assert [(e.id, e.onset_ns // 10**9, e.offset_ns // 10**9) for e in session.episodes] == [
        ("PL", 0, 120), ("SF", 120, 240), ("RE", 240, 360),
    ]  # fmt: skip
    assert (session.channels[0].id, session.channels[0].column) == ("infant_ecg", "ecg_mv")


def test_people_and_ages_are_by_person(words: VisitWords) -> None:
    found = declare(replace(words, sexes=("infant=f",), gestational_ages=("infant=266",)), PROTOCOL, HERE)
    infant, caregiver = found.people
    assert (infant.sex, infant.gestational_age_days, infant.family_id) == ("f", 266, "F01")
    assert (caregiver.sex, caregiver.family_id) == ("", "F01")
    assert found.age_days == {"P01": 200, "P02": 11000}


def test_an_age_makes_a_visit_named_after_the_session(words: VisitWords) -> None:
    assert declare(words, PROTOCOL, HERE).session.visit_id == "S01"
    assert declare(replace(words, ages=()), PROTOCOL, HERE).session.visit_id == ""
    assert declare(replace(words, visit_id="V4mo"), PROTOCOL, HERE).session.visit_id == "V4mo"


def test_a_camera_of_ones_own_needs_no_region(words: VisitWords) -> None:
    films = ("ci=infant:a.mp4,b.mp4", "cc=caregiver:c.mp4")
    own = replace(words, films=films, regions=(), partners=("caregiver=left",))
    first, second = declare(own, PROTOCOL, HERE).session.videos
    assert first.files == ("a.mp4", "b.mp4")
    assert first.regions == {"infant": WHOLE}
    assert (first.partner_toward, second.partner_toward) == ({"infant": "camera"}, {"caregiver": "left"})


def test_a_role_in_two_films_is_told_apart_by_the_film(words: VisitWords) -> None:
    films = (*words.films, "cam2=infant:b.mp4")
    with pytest.raises(UsageError, match="cam2/infant"):
        declare(replace(words, films=films), PROTOCOL, HERE)
    regions = ("cam1/infant=0,0,.5,1", "cam2/infant=0,0,.3,1", "caregiver=whole")
    partners = ("cam1/infant=right", "caregiver=left")
    first, second = declare(
        replace(words, films=films, regions=regions, partners=partners), PROTOCOL, HERE
    ).session.videos
    assert (first.regions["infant"].width, second.regions["infant"].width) == (0.5, 0.3)


def test_marks_are_read_exactly(words: VisitWords, tmp_path: Path) -> None:
    (tmp_path / "sync.csv").write_text("device_s,session_s\n2,0.1\n302.024,300\n")
    marked = replace(words, marks=("infant_ecg=sync.csv",), offsets_ms=())
    found = declare(marked, PROTOCOL, tmp_path).session.channels[0]
    assert found.sync_marks == (
        SyncMark(2_000_000_000, 100_000_000),
        SyncMark(302_024_000_000, 300_000_000_000),
    )


@pytest.mark.parametrize(
    ("text", "rate"), [("250", Fraction(250)), ("1000/3", Fraction(1000, 3)), ("29.97", Fraction(2997, 100))]
)
def test_a_rate_is_exact(words: VisitWords, text: str, rate: Fraction) -> None:
    assert channel(replace(words, rates_hz=(text,))).rate_hz == rate


def test_an_offset_of_a_tenth_of_a_millisecond_is_exact(words: VisitWords) -> None:
    assert channel(replace(words, offsets_ms=("infant_ecg=-1833.7",))).clock_map.offset_ns == -1_833_700_000


REFUSED = {
    "nobody": ({"persons": ()}, "nobody takes part"),
    "unknown role": ({"persons": ("mother=P02",)}, "infant, caregiver"),
    "a person for nobody": ({"persons": ("P01",)}, "for whom"),
    "twice": ({"persons": ("infant=P01", "infant=P09")}, "said twice"),
    "film without a name": ({"films": ("media/a.mp4",)}, "not a film"),
    "film without files": ({"films": ("cam1=infant:",)}, "not a film"),
    "film of an unknown role": ({"films": ("cam1=mother:a.mp4",)}, "no such role"),
    "film twice": ({"films": ("c=infant:a.mp4", "c=infant:b.mp4")}, "a film twice"),
    "two people and no region": ({"regions": ()}, "where in cam1 is the infant"),
    "two people and no partner": ({"partners": ()}, "look to see the partner"),
    "a side that is none": ({"partners": ("infant=up", "caregiver=left")}, "camera, left, right"),
    "region of three numbers": ({"regions": ("infant=0,0,1", "caregiver=whole")}, "not a region"),
    "region beyond the picture": ({"regions": ("infant=0.6,0,0.5,1", "caregiver=whole")}, "outside the"),
    "region of words": ({"regions": ("infant=left", "caregiver=whole")}, "not a region"),
    "signal without kind": ({"signals": ("infant=x.csv",)}, "not a signal"),
    "signal of an unknown kind": ({"signals": ("infant:eeg=x.csv",), "offsets_ms": ()}, "ecg, eda"),
    "rate of zero": ({"rates_hz": ("0",)}, "not positive"),
    "rate in words": ({"rates_hz": ("fast",)}, "not a rate"),
    "rate with an exponent": ({"rates_hz": ("1e400",)}, "not a rate"),
    "offset in words": ({"offsets_ms": ("infant_ecg=soon",)}, "not milliseconds"),
    "offset of nothing": ({"offsets_ms": ("other=5",)}, "nothing of this name"),
    "age in months": ({"ages": ("infant=4mo",)}, "not whole days"),
    "episode without end": ({"episodes": ("PL=0",)}, "not an episode"),
    "episode backwards": ({"episodes": ("PL=120:0",)}, "must last"),
    "episode of infinite length": ({"episodes": ("PL=0:inf",)}, "not a time"),
    "episode the protocol lacks": ({"episodes": ("XX=0:120",)}, "unknown value"),
    "episodes that overlap": ({"episodes": ("PL=0:130", "SF=120:240")}, "overlap"),
    "ended by magic": ({"episodes": ("PL=0:120:magic",)}, "stop_rule"),
    "consent that is none": ({"consents": ("infant=yes",)}, "unknown, private"),
}  # fmt: skip


@pytest.mark.parametrize("case", list(REFUSED))
def test_words_that_do_not_fit_are_refused_in_one_line(words: VisitWords, case: str) -> None:
    changes, text = REFUSED[case]
    with pytest.raises(StillfaceError, match=text) as caught:
        declare(replace(words, **changes), PROTOCOL, HERE)
    assert "\n" not in str(caught.value)


def test_a_signal_of_somebody_unnamed_is_refused(words: VisitWords) -> None:
    with pytest.raises(UsageError, match="--person caregiver"):
        declare(replace(words, persons=("infant=P01",), ages=(), consents=()), PROTOCOL, HERE)


def test_marks_that_are_no_times_are_refused_with_their_line(words: VisitWords, tmp_path: Path) -> None:
    (tmp_path / "sync.csv").write_text("device_s,session_s\n2,0.1\nnan,300\n")
    with pytest.raises(InputError, match=r"sync.csv:3"):
        declare(replace(words, marks=("infant_ecg=sync.csv",), offsets_ms=()), PROTOCOL, tmp_path)
