"""The commands that make and look after a study, as a lab types them: exit codes, one-line errors, JSON."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fixtures.videos import write_clip, x264
from stillface.cli.add import decide
from stillface.cli.app import app
from stillface.cli.main import run
from stillface.errors import UsageError
from stillface.io.bundle import open_study
from stillface.io.protocol_yaml import load_protocol
from stillface.pipeline.visits import visit_columns


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Cli:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._patch, self._capsys = monkeypatch, capsys

    def __call__(self, *words: object) -> Done:
        self._patch.setattr(sys, "argv", ["stillface", *map(str, words)])
        try:
            run()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        text = self._capsys.readouterr()
        assert "Traceback" not in text.err
        return Done(code, text.out, text.err)


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(monkeypatch, capsys)


@pytest.fixture
def study(tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new study with one short film in its media folder; the current folder is beside it."""
    monkeypatch.chdir(tmp_path)
    assert cli("new", "lab", "--protocol", "ffsf_2_2_2", "--coder", "AB").code == 0
    write_clip(tmp_path / "lab/media/a.mp4", 50, options=x264())
    return tmp_path / "lab"


WHO = ("--person", "infant=P01", "--person", "caregiver=P02", "--offset-ms", "cam1=0")
FILM = ("--film", "cam1=infant:media/a.mp4")
TIMES = ("--episode", "PL=0:1", "--episode", "SF=1:2")


def test_new_says_what_to_do_next_and_what_to_mind(cli: Cli, tmp_path: Path) -> None:
    done = cli("new", tmp_path / "lab", "--protocol", "ffsf_2_2_2", "--rule", "valence3", "--title", "Ünser")
    assert done.code == 0
    assert "do not use it as a home exercise" in done.err
    assert "stillface add" in done.err
    study = open_study(tmp_path / "lab").study
    assert (study.title, study.rules) == ("Ünser", ("valence3",))
    assert study.schemes == {"infant": ("affect3", "gaze"), "caregiver": ("affect3", "gaze")}


def test_new_takes_schemes_by_role(cli: Cli, tmp_path: Path) -> None:
    words = ("--scheme", "infant=icep_infant", "--scheme", "caregiver=icep_caregiver", "--scheme", "gaze")
    done = cli("new", tmp_path / "lab", "--protocol", "ffsf_2_2_2", *words, "--json")
    assert done.json["caveats"][0] == "dyad_not_verdict"
    schemes = open_study(tmp_path / "lab").study.schemes
    assert schemes == {"infant": ("icep_infant", "gaze"), "caregiver": ("icep_caregiver", "gaze")}


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("--protocol", "ffsf_2_2"), 3, "no protocol of this id"),
        (("--protocol", "ffsf_2_2_2", "--rule", "valence"), 3, "no rule of this id"),
        (("--protocol", "ffsf_2_2_2", "--scheme", "mother=gaze"), 2, "no such role"),
        (("--protocol", "ffsf_2_2_2", "--scheme", "gazes"), 3, "no scheme of this id"),
        ((), 2, "--protocol"),
    ],
)
def test_new_refuses_and_leaves_nothing(
    cli: Cli, tmp_path: Path, words: tuple[str, ...], code: int, text: str
) -> None:
    done = cli("new", tmp_path / "lab", *words)
    assert done.code == code
    assert text in done.err
    assert not (tmp_path / "lab").exists()


def test_new_does_not_touch_a_folder_that_holds_something(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").write_text("x")
    done = cli("new", tmp_path, "--protocol", "ffsf_2_2_2")
    assert (done.code, list(tmp_path.iterdir())) == (2, [tmp_path / "thesis.doc"])


def test_add_check_status_verify(cli: Cli, study: Path) -> None:
    added = cli("add", "lab", "S01", "--dyad", "D01", *WHO, *FILM, *TIMES, "--json")
    assert (added.code, added.json["outcome"]) == (0, "added")
    assert cli("add", "lab", "S01", "--dyad", "D01", *WHO, *FILM, *TIMES).err.endswith("the same.\n")
    checked = cli("check", "lab", "--json")
    assert checked.code == 1
    assert any("PL lasted 1 s" in f["what"] for f in checked.json["findings"])
    (state,) = cli("status", "lab", "--json").json["sessions"]
    assert state["steps"]["track"] == {"done": 0, "total": 1}
    assert "S01" in cli("status", "lab").err
    assert cli("verify", "lab", "--json").json["checked"]["raw"] == 1
    (study / "media/a.mp4").write_bytes(b"other")
    assert cli("verify", "lab").code == 1
    assert cli("verify", "lab", "--accept", "media/a.mp4").code == 2
    assert cli("verify", "lab", "--accept", "media/a.mp4", "--why", "cut anew").code == 0


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("S01",), 2, "which session, of which dyad"),
        (("S01", "--dyad", "D01"), 2, "nobody takes part"),
        (("S01", "--dyad", "D01", *WHO, "--film", "cam1=infant:media/none.mp4"), 3, "no such file"),
        (("S01", "--dyad", "D01", *WHO, *FILM, "--episode", "XX=0:1"), 3, "XX"),
        (("S01", "--dyad", "D01", *WHO, *FILM, "--left", "infant"), 2, "only with --guess"),
        (("S01", "--dyad", "D01", *WHO, *FILM, "--guess"), 2, "no film shows two people"),
        (("S01", "--from", "visits.csv"), 2, "one visit or a table"),
        (("--from", "none.csv"), 3, "none.csv: no such file"),
    ],
)
def test_add_refuses_in_one_line_and_writes_nothing(
    cli: Cli, study: Path, words: tuple[str, ...], code: int, text: str
) -> None:
    before = sorted(path for path in study.rglob("*"))
    done = cli("add", "lab", *words)
    assert done.code == code
    assert text in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert sorted(path for path in study.rglob("*")) == before


def test_a_table_adds_what_it_can_and_ends_with_five_when_a_row_is_refused(cli: Cli, study: Path) -> None:
    Path("visits.csv").write_text(
        "session_id,dyad_id,infant_person,caregiver_person,infant_film,infant_film_offset_ms\n"
        "S01,D01,P01,P02,media/a.mp4,0\nS02,D02,P03,P04,media/b.mp4,0\n"
    )
    Path("episodes.csv").write_text(
        "session_id,episode_id,onset_s,offset_s\nS01,PL,0,1\nS01,SF,1,2\nS02,PL,0,1\n"
    )
    table = ("--from", "visits.csv", "--episodes", "episodes.csv")
    tried = cli("add", "lab", *table, "--dry-run")
    assert (tried.code, open_study(study).sessions()) == (5, ())
    done = cli("add", "lab", *table)
    assert done.code == 5
    assert "visits.csv:3: media/b.mp4: no such file" in done.err
    assert "1 added, 0 there already, 1 refused." in done.err
    write_clip(study / "media/b.mp4", 50, options=x264())
    again = cli("add", "lab", *table, "--json")
    assert again.code == 0
    assert [visit["outcome"] for visit in again.json["visits"]] == ["there", "added"]


def test_no_study_is_said_and_never_a_traceback(cli: Cli, tmp_path: Path) -> None:
    for command in ("check", "status", "verify"):
        done = cli(command, tmp_path)
        assert done.code == 3
        assert "no study here" in done.err
    assert cli("doctor", tmp_path / "none").code == 1


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_study_that_cannot_be_written_is_an_io_error(cli: Cli, study: Path) -> None:
    (study / "sessions").chmod(0o500)
    try:
        assert cli("add", "lab", "S01", "--dyad", "D01", *WHO, *FILM, *TIMES).code == 4
    finally:
        (study / "sessions").chmod(0o700)


def test_the_installed_command_gives_the_exit_code_to_the_shell(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "stillface", "check", str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("error: ")


@pytest.mark.real
def test_a_real_side_camera_is_looked_at_and_the_proposal_needs_a_person(
    cli: Cli, study: Path, shared_data: Path
) -> None:
    film = shared_data / "video" / "father_daughter.mp4"
    words = ("S01", "--dyad", "D01", *WHO, "--film", f"cam1=infant+caregiver:{film}", "--copy", "--guess")
    unsaid = cli("add", "lab", *words)
    assert unsaid.code == 2
    assert "a person must say" in unsaid.err
    assert open_study(study).sessions() == ()
    done = cli("add", "lab", *words, "--left", "caregiver", "--right", "infant", "--yes")
    assert done.code == 0, done.err
    assert "confidence" in done.err
    (video,) = open_study(study).load_session("S01").videos
    assert video.regions["caregiver"].x == 0
    assert 0.4 < video.regions["infant"].x < 0.6
    assert video.partner_toward == {"caregiver": "right", "infant": "left"}


@pytest.mark.real
def test_a_film_of_nobody_gives_no_proposal(cli: Cli, study: Path, shared_data: Path) -> None:
    film = shared_data / "video" / "no_face.mp4"
    words = ("S01", "--dyad", "D01", *WHO, "--film", f"cam1=infant+caregiver:{film}", "--copy", "--guess")
    done = cli("add", "lab", *words, "--left", "caregiver", "--right", "infant", "--yes")
    assert (done.code, open_study(study).sessions()) == (3, ())
    assert "0 seen often enough" in done.err


def test_the_reference_page_has_every_option_of_every_command(repo: Path) -> None:
    from typer.main import get_command

    page = (repo / "docs/reference/command-line.md").read_text(encoding="utf-8")
    sections = {part.partition("\n")[0]: part for part in page.split("\n## ")[1:]}
    commands = get_command(app).commands  # type: ignore[attr-defined]
    assert set(sections) == set(commands)
    for name, command in commands.items():
        options = {word for parameter in command.params for word in parameter.opts if word.startswith("--")}
        missing = {word for word in options - {"--help"} if not re.search(rf"{word}\b", sections[name])}
        assert not missing, f"{name}: {missing}"


def test_the_how_to_names_every_column_of_a_table_of_visits(repo: Path) -> None:
    page = (repo / "docs/how-to/make-a-study.md").read_text(encoding="utf-8")
    for column in visit_columns(load_protocol("ffsf_2_2_2")):
        general = re.sub(r"^(infant|caregiver)_", "ROLE_", column)
        general = re.sub(r"_(eda|resp|ibi)_", "_ecg_", general)
        assert f"`{general}`" in page, column


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Answer what is asked, as at a keyboard; the lines that are not needed stay unread."""

    def type_in(lines: str) -> None:
        keyboard = io.StringIO(lines)
        keyboard.isatty = lambda: True  # type: ignore[method-assign]
        monkeypatch.setattr(sys, "stdin", keyboard)

    return type_in


ROLES = ("infant", "caregiver")


@pytest.mark.parametrize(("answer", "accepted"), [("y", True), ("n", False)])
def test_a_proposal_is_taken_only_after_a_yes(
    terminal: Callable[[str], None], answer: str, accepted: bool
) -> None:
    terminal(f"caregiver\n{answer}\n")
    if accepted:
        assert decide(ROLES, "", "", yes=False) == ("caregiver", "infant")
    else:
        with pytest.raises(UsageError, match="nothing was added"):
            decide(ROLES, "", "", yes=False)


def test_a_mistyped_role_is_asked_for_again(
    terminal: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    terminal("mother\ny\ninfant\ny\n")
    assert decide(ROLES, "", "", yes=False) == ("infant", "caregiver")
    assert capsys.readouterr().err.count("Who is on the left (infant or caregiver)?") == 3


def test_one_side_said_gives_the_other(terminal: Callable[[str], None]) -> None:
    terminal("y\n")
    assert decide(ROLES, "", "infant", yes=False) == ("caregiver", "infant")


@pytest.mark.parametrize("words", [("--left", "mother"), ("--left", "infant", "--right", "infant")])
def test_roles_are_checked_before_a_film_is_looked_at(
    cli: Cli, study: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stillface.pipeline.guess.find_seats", None)
    film = ("--film", "cam1=infant+caregiver:media/a.mp4", "--guess", "--yes")
    done = cli("add", "lab", "S01", "--dyad", "D01", *WHO, *film, *words)
    assert done.code == 2
    assert "expected infant and caregiver" in done.err


def test_a_wrong_visit_is_corrected_at_the_command_line(cli: Cli, study: Path) -> None:
    assert cli("add", "lab", "S01", "--dyad", "D01", *WHO, *FILM, *TIMES).code == 0
    other = (*WHO, *FILM, "--episode", "PL=0:1.5", "--episode", "SF=1.5:2")
    refused = cli("add", "lab", "S01", "--dyad", "D01", *other)
    assert refused.code == 2
    assert "episode PL: 0 to 1 s, ended by time -> 0 to 1.5 s" in refused.err
    done = cli("add", "lab", "S01", "--dyad", "D01", *other, "--replace")
    assert done.code == 0
    assert "S01 replaced" in done.err
    assert "  episode SF: 1 to 2 s, ended by time -> 1.5 to 2 s, ended by time" in done.err.splitlines()
    assert (study / "sessions/S01/session.replaced-1.yaml").is_file()


def test_why_nothing_could_be_proposed_is_said_by_status_and_by_every_page(cli: Cli, study: Path) -> None:
    assert cli("add", study, "S01", "--dyad", "D01", *WHO, *FILM, *TIMES).code == 0
    assert cli("run", study, "--workers", "1").code == 0
    why = "infant affect3, machine proposal: no neutral face: 0 usable frames"
    state = cli("status", study, "--json").json["sessions"][0]
    assert [line for line in state["remarks"] if why in line]
    assert state["coverage"] == {"infant": 0.0}
    assert f"note: S01: {why}" in cli("status", study).err
    page = study / "reports/S01.html"
    assert why in page.read_text()
    assert "face tracked in cam1" in page.read_text()
    page.unlink()
    assert cli("report", study).code == 0
    assert why in page.read_text(), "a page made later says it too"
    (study / "sessions/S01/remarks.json").write_text("{")
    assert "the remarks of the steps are damaged" in cli("report", study).err
