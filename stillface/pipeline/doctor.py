"""``stillface doctor``: whether this computer, and a study's folder, are fit for the work.

Looks only, works without any extra installed, and asks nothing of the network.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path

from stillface.domain.provenance import Json
from stillface.io.durable import LOW_SPACE_BYTES

__all__ = ["Diagnosis", "diagnose"]

EXTRAS = {
    "track": "films, face tracking and proposals",
    "physio": "heart beats",
    "report": "figures and reports",
}
_PYTHONS = ((3, 11), (3, 13))
_MODELS = (
    "face_detection/face_detection_short_range.tflite",
    "face_detection/face_detection_full_range_sparse.tflite",
    "face_landmark/face_landmark_with_attention.tflite",
)
_WORKER_BYTES = 600_000_000
_NETWORK_TYPES = (
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "fuse.sshfs",
    "9p",
    "afs",
    "ceph",
    "davfs",
    "fuse.rclone",
)
# Folders that a program on this computer copies elsewhere without being asked again.
_CLOUDS = (
    "dropbox",
    "onedrive",
    "google drive",
    "googledrive",
    "icloud",
    "mobile documents",
    "nextcloud",
    "box sync",
)
_REQUIREMENT = re.compile(r"([A-Za-z0-9_.-]+)\s*([^;]*)(?:;\s*extra\s*==\s*['\"](\w+)['\"])?")
_CLAUSE = re.compile(r"(==|>=|<=|<|>|!=)\s*([0-9][0-9.]*)")


@dataclass(frozen=True)
class Diagnosis:
    """One line of the doctor's report.

    Parameters
    ----------
    state : {'ok', 'warning', 'problem'}
    name : str
    what : str
    fix : str
        Empty where nothing need be done.
    """

    state: str
    name: str
    what: str
    fix: str = ""

    def to_json(self) -> dict[str, Json]:
        """Give the same for a script."""
        return {"state": self.state, "name": self.name, "what": self.what, "fix": self.fix}


def diagnose(study: Path | None = None) -> tuple[Diagnosis, ...]:
    """Look at Python, packages, models, processor, memory, and the folder that holds or will hold studies.

    Parameters
    ----------
    study : Path, optional
        A study; without it the current folder is looked at.
    """
    folder = (study or Path.cwd()).resolve()
    return (
        _python(),
        *_packages(),
        *_opencv(),
        *_models(),
        *_machine(),
        *_folder(folder, study is not None),
        Diagnosis("ok", "network", "not needed: nothing is sent, nothing is fetched"),
        Diagnosis(
            "ok", "encryption", "cannot be told from here: disk encryption and backups are the lab's duty"
        ),
    )


def _python() -> Diagnosis:
    here = f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"
    low, high = _PYTHONS
    if low <= sys.version_info[:2] < high:
        return Diagnosis("ok", "python", here)
    return Diagnosis("problem", "python", here, "use Python 3.11 or 3.12")


def _packages() -> Iterator[Diagnosis]:
    """Compare what is installed with what stillface's own metadata asks for."""
    wanted: dict[str, list[tuple[str, str]]] = {"": [], **{extra: [] for extra in EXTRAS}}
    for line in requires("stillface") or ():
        found = _REQUIREMENT.match(line)
        if found is not None and (found[3] or "") in wanted:
            wanted[found[3] or ""].append((found[1], found[2].strip()))
    for extra, packages in wanted.items():
        install = 'run: pip install "stillface"' if not extra else f'run: pip install "stillface[{extra}]"'
        states = [_package(name, spec, extra, install) for name, spec in packages]
        if extra and all(state.what == "not installed" for state in states):
            text = f"not installed: no {EXTRAS[extra]}"
            yield Diagnosis("warning", f"extra {extra}", text, install)
        else:
            yield from states


def _package(name: str, spec: str, extra: str, install: str) -> Diagnosis:
    try:
        here = version(name)
    except PackageNotFoundError:
        return Diagnosis("warning" if extra else "problem", name, "not installed", install)
    if _fits(here, spec):
        return Diagnosis("ok", name, here)
    return Diagnosis("problem", name, f"{here}, supported is {spec}", install)


def _fits(here: str, spec: str) -> bool:
    checks = {
        "==": lambda a, b: a == b,
        "!=": lambda a, b: a != b,
        ">=": lambda a, b: a >= b,
        "<=": lambda a, b: a <= b,
        ">": lambda a, b: a > b,
        "<": lambda a, b: a < b,
    }
    return all(checks[op](*_padded(here, bound)) for op, bound in _CLAUSE.findall(spec))


def _padded(*versions: str) -> tuple[tuple[int, ...], ...]:
    """Give versions as tuples of one length, so that 2 and 2.0.0 are equal."""
    parts = [[int(part) for part in re.findall(r"\d+", text.partition("+")[0])] for text in versions]
    length = max(len(part) for part in parts)
    return tuple(tuple(part + [0] * (length - len(part))) for part in parts)


def _opencv() -> Iterator[Diagnosis]:
    found = {}
    for name in ("opencv-python", "opencv-contrib-python", "opencv-python-headless"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    if len(set(found.values())) > 1:
        listed = ", ".join(f"{name} {number}" for name, number in found.items())
        fix = "install the same version of both: they share one folder"
        yield Diagnosis("problem", "opencv", listed, fix)


def _models() -> Iterator[Diagnosis]:
    spec = find_spec("mediapipe")
    if spec is None or spec.origin is None:
        return
    modules = Path(spec.origin).parent / "modules"
    missing = [name for name in _MODELS if not (modules / name).is_file()]
    if missing:
        text = f"{len(missing)} of {len(_MODELS)} face models are not in the installed mediapipe"
        yield Diagnosis("problem", "models", text, "run: pip install --force-reinstall mediapipe==0.10.21")
    else:
        yield Diagnosis("ok", "models", f"{len(_MODELS)} face models in the mediapipe wheel")


def _machine() -> Iterator[Diagnosis]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    yield Diagnosis("ok", "cores", f"{cores}: as many films' parts are tracked at once")
    total = _memory_bytes()
    if total is None:
        yield Diagnosis(
            "ok", "memory", "cannot be told on this system; 600 MB are needed for each core in use"
        )
        return
    text = f"{total / 1e9:.1f} GB"
    if total < 1_000_000_000 + cores * _WORKER_BYTES:
        most = max(1, int((total - 1_000_000_000) // _WORKER_BYTES))
        yield Diagnosis("warning", "memory", text, f"run with --workers {most}")
    else:
        yield Diagnosis("ok", "memory", text)


def _memory_bytes() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def _folder(folder: Path, is_study: bool) -> Iterator[Diagnosis]:
    if not folder.is_dir():
        yield Diagnosis("problem", "folder", "there is no such folder", "give the study's folder")
        return
    if is_study and not (folder / "study.yaml").is_file():
        yield Diagnosis("problem", "study", "study.yaml is missing: no study here", "give the study's folder")
    yield _writable(folder)
    free = shutil.disk_usage(folder).free
    text = f"{free / 1e9:.1f} GB free"
    if free < LOW_SPACE_BYTES:
        yield Diagnosis("problem", "disk", text, "make room: results need about as much as the films")
    else:
        yield Diagnosis("ok", "disk", text)
    yield from _privacy(folder)


def _writable(folder: Path) -> Diagnosis:
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".stillface-doctor-"):
            return Diagnosis("ok", "folder", "can be written")
    except OSError as error:
        text = f"cannot be written ({error.strerror})"
        return Diagnosis("problem", "folder", text, "ask for write permission, or use another folder")


def _privacy(folder: Path) -> Iterator[Diagnosis]:
    """Say who else may see the films: other users, a file server, a cloud."""
    if os.name == "posix":
        mode = folder.stat().st_mode
        if mode & stat.S_IROTH and mode & stat.S_IXOTH:
            fix = f"if they may not see the films: chmod o-rwx '{folder.name}'"
            yield Diagnosis("warning", "readers", "every user of this computer can read the folder", fix)
        else:
            yield Diagnosis("ok", "readers", "other users of this computer cannot read the folder")
    kind = _file_system(folder)
    if kind is None:
        yield Diagnosis("ok", "share", "cannot be told whether this is a local disk or a share")
    elif kind in _NETWORK_TYPES:
        fix = "fine for storing; track on a local disk, and make sure who can read the share"
        yield Diagnosis("warning", "share", f"a network share ({kind})", fix)
    else:
        yield Diagnosis("ok", "share", f"a local disk ({kind})")
    clouds = [part for part in folder.parts if any(name in part.lower() for name in _CLOUDS)]
    if clouds:
        fix = "move the study elsewhere: films of identifiable infants must not leave the computer"
        yield Diagnosis("problem", "cloud", f"{clouds[0]} copies this folder to other computers", fix)


def _file_system(folder: Path) -> str | None:
    """Give the type of the file system that holds a folder, where the system says so."""
    if str(folder).startswith("\\\\"):
        return "cifs"
    try:
        lines = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    best, kind = -1, None
    for line in lines:
        _, place, type_, *_ = line.split(" ")
        mount = Path(place.replace("\\040", " "))
        if folder.is_relative_to(mount) and len(mount.parts) > best:
            best, kind = len(mount.parts), type_
    return kind
