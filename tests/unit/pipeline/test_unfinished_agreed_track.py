"""An agreed track that is hardly begun does not quietly take the place of a whole coding."""

from __future__ import annotations

from pathlib import Path

from stillface.domain.clock import NS_PER_S as S
from stillface.domain.provenance import Provenance
from stillface.domain.session import Episode, Session
from stillface.domain.states import StateTrack
from stillface.domain.study import Person, Study
from stillface.io.artefacts import save_state_track
from stillface.io.bundle import StudyFolder, create_study
from stillface.io.code_log import CodeLog
from stillface.io.code_log_record import LoggedBout
from stillface.pipeline.results import Choice, session_results

CHOICE = Choice(("consensus", "human", "auto_reviewed"), (), ())


def study(root: Path) -> tuple[StudyFolder, Session]:
    folder = create_study(root, Study("s", "ffsf_2_2_2", persons=(Person("p1"), Person("p2"))))
    persons = {"infant": "p1", "caregiver": "p2"}
    session = Session("one", "d1", folder.protocol(), (Episode("PL", 0, 120 * S),), persons=persons)
    folder.add_session(session)
    return folder, session


def code(folder: StudyFolder, under: str, coder: str, until_s: int) -> None:
    path = folder.codes_dir("one") / under / f"{coder}.home.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with CodeLog.open(path, coder=coder, install="home", app_version="1") as log:
        log.append("add", bout=LoggedBout("infant/affect3", 0, until_s * S, "neu"))


def said(folder: StudyFolder, session: Session) -> list[str]:
    return [line for line in session_results(folder, session, CHOICE).warnings if "analysed is" in line]


def test_a_fuller_coding_that_is_not_analysed_is_named(tmp_path: Path) -> None:
    folder, session = study(tmp_path / "study")
    code(folder, "", "MG", 120)
    assert said(folder, session) == []
    code(folder, "consensus", "EF", 40)
    (line,) = said(folder, session)
    assert "infant affect3: analysed is consensus EF with 40.0 s, while coder MG has 120.0 s" in line
    assert "--coder" in line


def test_proposals_that_were_asked_for_are_not_quietly_displaced_by_a_few_seconds(tmp_path: Path) -> None:
    folder, session = study(tmp_path / "study")
    code(folder, "", "MG", 5)
    track = StateTrack.from_bouts(
        folder.scheme("affect3"), "infant", "auto:affect@1", [0], [120 * S], ["pos"]
    )
    save_state_track(folder.auto_dir("one") / "infant.affect3.h5", track, Provenance("test", {}, {}, "0"))
    assert said(folder, session) == []
    asked = Choice((*CHOICE.sources, "auto"), (), ())
    (line,) = [w for w in session_results(folder, session, asked).warnings if "analysed is" in w]
    assert "coder MG with 5.0 s, while auto, unreviewed (affect@1) has 120.0 s" in line


def test_edges_that_differ_a_little_are_not_worth_a_word(tmp_path: Path) -> None:
    folder, session = study(tmp_path / "study")
    code(folder, "", "MG", 120)
    code(folder, "consensus", "EF", 116)
    assert said(folder, session) == []
