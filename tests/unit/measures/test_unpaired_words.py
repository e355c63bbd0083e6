"""A session in which one partner was not coded says so: no row of the dyad vanishes without a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures import worked_examples as we
from stillface.domain.scheme import MatchRule
from stillface.domain.session import Episode, Session
from stillface.domain.study import Study
from stillface.io.bundle import create_study
from stillface.io.code_log import CodeLog
from stillface.io.code_log_record import LoggedBout
from stillface.io.protocol_yaml import load_protocol
from stillface.pipeline.measure_study import measure_study
from stillface.pipeline.measure_tables import MeasureRequest, measure_tables
from stillface.pipeline.plan import RunOptions, make_plan
from stillface.pipeline.run import SilentObserver, run_plan
from stillface.pipeline.unpaired import unpaired, unpaired_warnings

HEAD = "dyad_id,session_id,role,scheme_id,coder_id,code,onset_s,offset_s\n"


def warned(tmp_path: Path, coded: dict[str, list[tuple[str, str, str]]], *rules: str) -> list[str]:
    """Measure sessions of (role, scheme, code) over the whole play; give what is said of dyads."""
    codes, episodes = tmp_path / "codes.csv", tmp_path / "episodes.csv"
    lines = [
        f"d{name},{name},{role},{scheme},AB,{code},0,120\n"
        for name, streams in coded.items()
        for role, scheme, code in streams
    ]
    codes.write_text(HEAD + "".join(lines))
    episodes.write_text(
        "session_id,episode_id,onset_s,offset_s\n" + "".join(f"{name},PL,0,120\n" for name in coded)
    )
    summary = measure_tables(MeasureRequest(codes, episodes, "ffsf_2_2_2", rules), tmp_path / "out")
    return [line for line in summary.warnings if "measures of the dyad" in line or "no match" in line]


INFANT = ("infant", "icep_infant", "i_soc")
CAREGIVER = ("caregiver", "icep_caregiver", "c_pos")
BREACHES = ("caregiver", "sf_breach", "none")


@pytest.mark.parametrize("rules", [(), ("icep_identity",)])
def test_one_line_names_who_was_not_coded_and_where(tmp_path: Path, rules: tuple[str, ...]) -> None:
    (line,) = warned(tmp_path, {"s1": [INFANT], "s2": [INFANT]}, *rules)
    assert line == (
        "no measures of the dyad of infant and caregiver: no states of caregiver are coded; in all 2 sessions"
    )


def test_a_track_of_breaches_is_no_partner(tmp_path: Path) -> None:
    (line,) = warned(tmp_path, {"s1": [INFANT, BREACHES]})
    assert "no states of caregiver are coded; in s1" in line


def test_partners_whose_schemes_no_rule_fits_get_a_line(tmp_path: Path) -> None:
    (line,) = warned(tmp_path, {"s1": [INFANT, ("caregiver", "gaze", "partner")]})
    assert line == (
        "no match or repair of infant and caregiver: no rule fits the schemes of infant (icep_infant) and of "
        "caregiver (gaze); in s1"
    )


def test_a_rule_that_was_named_and_fits_nothing_is_said_once(tmp_path: Path) -> None:
    assert warned(tmp_path, {"s1": [INFANT, ("caregiver", "gaze", "partner")]}, "mutual_gaze") == []


def test_nothing_is_said_of_a_dyad_that_is_measured(tmp_path: Path) -> None:
    # The second session lacks its caregiver: its rows are there and say MISS_NOTCODED.
    assert warned(tmp_path, {"s1": [INFANT, CAREGIVER], "s2": [INFANT]}) == []


def test_sessions_are_named_and_beyond_ten_counted() -> None:
    session, (infant, _) = we.w2()
    reason = unpaired(session, (infant,), (MatchRule("any", "valence", valences=(0,)),))
    reasons: dict[str, tuple[str, ...]] = {f"s{k:02d}": reason for k in range(12)}
    (line,) = unpaired_warnings(reasons | {"whole": ()})
    assert line.endswith("; in s00, s01, s02, s03, s04, s05, s06, s07, s08, s09 and 2 more")
    assert unpaired_warnings({"one": (), "two": ()}) == []


def test_a_study_says_it_too(tmp_path: Path) -> None:
    schemes = {"infant": ("affect3",), "caregiver": ("affect3",)}
    study = create_study(tmp_path / "study", Study("lone", "ffsf_2_2_2", schemes=schemes))
    protocol = load_protocol("ffsf_2_2_2")
    for name, roles in (("S1", ("infant",)), ("S2", ("infant", "caregiver")), ("S3", ())):
        study.add_session(Session(name, f"D{name}", protocol, (Episode("PL", 0, 120 * we.S),)))
        if not roles:
            continue
        with CodeLog.open(
            study.log_path(name, "AB", "here"), coder="AB", install="here", app_version="0"
        ) as log:
            for role in roles:
                log.append("add", id=role, bout=LoggedBout(f"{role}/affect3", 0, 120 * we.S, "pos"))
    line = "no measures of the dyad of infant and caregiver: no states of caregiver are coded; in S1"
    assert line in measure_study(study, RunOptions()).warnings
    summary = run_plan(study, make_plan(study, RunOptions(workers=1)), SilentObserver())
    assert summary.warnings.count(line) == 1
