"""The bad inputs that a lab's disk and its visitors bring, one case each, at the study's own doors.

The numbers are those of the corpus in docs/reference/bad-inputs.md. Each case must end in one line that says
what and where, quickly and without eating memory, with every input byte untouched and nothing written.
"""

from __future__ import annotations

import hashlib
import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures import broken_study as make
from fixtures.videos import write_clip, x264
from stillface.errors import StillfaceError
from stillface.io.artefacts import load_state_track
from stillface.io.bundle import StudyFolder, open_study
from stillface.io.code_log_chain import read_log
from stillface.io.codes_table import read_codes
from stillface.pipeline.readers import reader_for
from stillface.video import open_video

Break = Callable[[StudyFolder], Callable[[], object]]
CODES_HEADER = "dyad_id,session_id,role,scheme_id,coder_id,code,onset_s,offset_s\n"


def study_yaml(right: str, wrong: str) -> Break:
    def broken(folder: StudyFolder) -> Callable[[], object]:
        make.swap(folder.root / "study.yaml", right, wrong)
        return lambda: open_study(folder.root)

    return broken


def session_yaml(right: str, wrong: str) -> Break:
    def broken(folder: StudyFolder) -> Callable[[], object]:
        make.swap(folder.session_dir("S01") / "session.yaml", right, wrong)
        return lambda: open_study(folder.root).load_session("S01")

    return broken


def alias_bomb(folder: StudyFolder) -> Callable[[], object]:
    rows = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    rows += [f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)]
    (folder.root / "study.yaml").write_text("\n".join(rows))
    return lambda: open_study(folder.root)


def hostile_hdf5(fill: str) -> Break:
    def broken(folder: StudyFolder) -> Callable[[], object]:
        path = make.hdf5(folder.auto_dir("S01") / "infant.affect3.h5", fill)
        return lambda: load_state_track(path, folder.scheme)

    return broken


def cut_hdf5(folder: StudyFolder) -> Callable[[], object]:
    path = make.hdf5(folder.auto_dir("S01") / "infant.affect3.h5", "8 TiB")
    path.write_bytes(path.read_bytes()[:700])
    return lambda: load_state_track(path, folder.scheme)


def log(change: Callable[[list[bytes]], bytes]) -> Break:
    def broken(folder: StudyFolder) -> Callable[[], object]:
        path = folder.codes_dir("S01") / make.LOG
        path.write_bytes(change(path.read_bytes().splitlines(keepends=True)))

        def act() -> object:
            _, problem = read_log(path)
            if problem is not None:
                raise StillfaceError(problem)
            return None

        return act

    return broken


def second_instance(folder: StudyFolder) -> Callable[[], object]:
    holder = make.open_log(folder)
    holder.append("note", text="first")

    def act() -> object:
        try:
            with make.open_log(folder) as second:
                assert second.read_only
                raise StillfaceError(str(second.reason))
        finally:
            holder.close(abandon=True)

    return act


def codes_table(cells: str) -> Break:
    def broken(folder: StudyFolder) -> Callable[[], object]:
        path = folder.exports_dir / "codes.csv"
        path.write_text(f"{CODES_HEADER}D01,S01,infant,affect3,AB,pos,{cells}\n")
        return lambda: read_codes(path)

    return broken


def signal(times: list[str], values: list[str] | None = None) -> Break:
    def broken(folder: StudyFolder) -> Callable[[], object]:
        path = folder.root / "physio" / "heart.csv"
        make.write_ecg(path, times, values)
        (channel,) = folder.load_session("S01").channels
        return lambda: reader_for(path).read(path, channel)

    return broken


def film(content: Callable[[bytes], bytes]) -> Break:
    def broken(folder: StudyFolder) -> Callable[[], object]:
        path = folder.root / "media" / "cam.mp4"
        path.write_bytes(content(path.read_bytes()))

        def act() -> object:
            with open_video([path], None) as source:
                return [frame for frame, _ in source.frames(0, source.clock.n_frames)]

        return act

    return broken


def absurd(folder: StudyFolder) -> Callable[[], object]:
    path = folder.root / "media" / "cam.mkv"
    ten_years_ms = 10 * 366 * 86_400_000
    from fractions import Fraction

    write_clip(
        path, 2, stamps=[0, ten_years_ms], time_base=Fraction(1, 1000), codec="mjpeg", pixels="yuvj420p"
    )
    return lambda: open_video([path], None)


def link_out(folder: StudyFolder) -> Callable[[], object]:
    outside = folder.root.parent / "outside.mp4"
    write_clip(outside, 5, options=x264())
    (folder.root / "media" / "cam.mp4").unlink()
    (folder.root / "media" / "cam.mp4").symlink_to(outside)
    return lambda: folder.path_of("media/cam.mp4")


def wrap32(k: int) -> str:
    return f"{((k * 4_000 + 2**32 - 2_000_000) % 2**32) / 1e6:.3f}"


GRID = [f"{k / 250:.3f}" for k in range(1000)]
CASES: list[tuple[str, Break, str]] = [
    ("01 python object", study_yaml("ffsf_2_2_2", "!!python/object/apply:os.system [ls]"), "study.yaml:"),
    ("02 alias bomb", alias_bomb, "study.yaml:"),
    ("03 duplicate key", study_yaml("study_id:", "study_id: other\nstudy_id:"), "study.yaml:"),
    ("03 bare no", session_yaml("S01", "no"), "quote"),
    ("03 sexagesimal", session_yaml("S01", "1:30"), "quote"),
    ("11 external link", hostile_hdf5("external link"), "infant.affect3.h5"),
    ("12 external storage", hostile_hdf5("external storage"), "infant.affect3.h5"),
    ("12 virtual dataset", hostile_hdf5("virtual dataset"), "infant.affect3.h5"),
    ("13 link cycle", hostile_hdf5("link cycle"), "infant.affect3.h5"),
    ("14 8 TiB", hostile_hdf5("8 TiB"), "infant.affect3.h5"),
    ("15 gzip bomb", hostile_hdf5("gzip bomb"), "infant.affect3.h5"),
    ("16 pickled attribute", hostile_hdf5("pickle"), "infant.affect3.h5"),
    ("17 truncated", cut_hdf5, "infant.affect3.h5"),
    ("18 torn tail", log(lambda lines: b"".join(lines)[:-20]), "incomplete"),
    ("19 flipped byte", log(lambda lines: b"".join(lines).replace(b"pos", b"neg", 1)), "record 2"),
    ("19 missing line", log(lambda lines: b"".join(lines[:1] + lines[2:])), "lines are missing"),
    (
        "20 newer version",
        log(lambda lines: lines[0].replace(b'"v":1', b'"v":9') + b"".join(lines[1:])),
        "0.1.0",
    ),
    ("21 second instance", second_instance, "being edited by AB"),
    ("23 not a number", codes_table("nan,2"), "codes.csv:2"),
    ("23 infinite", codes_table("1,inf"), "codes.csv:2"),
    ("23 negative", codes_table("-1,2"), "codes.csv:2"),
    ("23 too large", codes_table("1,1e999"), "codes.csv:2"),
    ("23 text in a signal", signal(GRID, ["0.1"] * 999 + ["off"]), "heart.csv:1001"),
    ("23 infinite in a signal", signal(GRID, ["0.1"] * 999 + ["1e999"]), "heart.csv:1001"),
    ("24 time goes back", signal([*GRID[:500], "1.000", *GRID[501:]]), "heart.csv:502"),
    ("24 time twice", signal([*GRID[:500], GRID[499], *GRID[501:]]), "heart.csv:502"),
    ("24 32-bit wrap", signal([wrap32(k) for k in range(1000)]), "heart.csv:"),
    ("25 empty film", film(lambda data: b""), "cam.mp4"),
    ("25 truncated film", film(lambda data: data[: len(data) // 2]), "cam.mp4"),
    ("25 no moov", film(lambda data: data.replace(b"moov", b"none")), "cam.mp4"),
    ("26 ten years", absurd, "cam.mkv"),
    ("27 playlist", film(lambda data: b"#EXTM3U\n#EXTINF:2,\n../secret.mp4\n#EXT-X-ENDLIST\n"), "cam.mp4"),
    ("27 concat list", film(lambda data: b"ffconcat version 1.0\nfile secret.mp4\n"), "cam.mp4"),
    ("29 parent folder", session_yaml("media/cam.mp4", "../cam.mp4"), "session.yaml:"),
    ("29 absolute", session_yaml("media/cam.mp4", "/etc/passwd"), "session.yaml:"),
    ("29 network share", session_yaml("media/cam.mp4", "'\\\\host\\share\\cam.mp4'"), "session.yaml:"),
    ("29 drive letter", session_yaml("media/cam.mp4", "'C:/cam.mp4'"), "session.yaml:"),
    ("29 reserved name", session_yaml("media/cam.mp4", "media/CON"), "session.yaml:"),
    ("29 too long", session_yaml("media/cam.mp4", f"media/{'x' * 300}.mp4"), "session.yaml:"),
    ("29 direction override", session_yaml("media/cam.mp4", '"media/\\u202Egpj.mp4"'), "session.yaml:"),
    ("29 link out of the study", link_out, "cam.mp4"),
]


@pytest.fixture
def folder(tmp_path: Path) -> StudyFolder:
    return make.sound_study(tmp_path / "study")


def tree(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.name.endswith(".lock")
    }


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("broken", "said"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_one_line_at_once_and_nothing_touched(folder: StudyFolder, broken: Break, said: str) -> None:
    act = broken(folder)
    before = tree(folder.root)
    memory_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(StillfaceError) as caught:
        act()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory_kb < 300_000
    line = str(caught.value)
    assert "\n" not in line
    assert said in line
    assert make.CANARY not in line
    assert tree(folder.root) == before


def test_the_sound_study_is_sound(folder: StudyFolder) -> None:
    """Whatever is broken above must work when it is not."""
    session = open_study(folder.root).load_session("S01")
    records, problem = read_log(folder.codes_dir("S01") / make.LOG)
    assert ([record.op for record in records].count("add"), problem) == (3, None)
    path = folder.path_of("physio/heart.csv")
    assert reader_for(path).read(path, session.channels[0]).clock.n_samples == 1000
    with open_video([folder.path_of("media/cam.mp4")], None) as source:
        assert source.clock.n_frames == 100
