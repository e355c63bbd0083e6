"""``stillface verify``: whether every file is still what was written; every byte is read, nothing changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from stillface.domain.session import Session
from stillface.errors import StillfaceError
from stillface.io.bundle import StudyFolder
from stillface.io.code_log_chain import read_log
from stillface.io.code_log_heads import latest_head, missing_since
from stillface.io.code_log_name import parse_log_name
from stillface.io.hdf5 import verify as verify_h5
from stillface.pipeline.accept import accept_command
from stillface.pipeline.findings import Finding, in_order
from stillface.pipeline.raw_files import hash_of, raw_names, recorded_raw

__all__ = ["VerifySummary", "verify_study"]

Progress = Callable[[str], None]
"""Called with the name of each file before it is read."""


@dataclass
class VerifySummary:
    """What was read, and what is not as it was.

    Parameters
    ----------
    checked : dict of str to int
        Number of files by kind: ``hdf5, logs, outputs, raw``.
    unrecorded : int
        Raw files whose hash was never taken, so that a change could not be seen.
    findings : list of Finding
    """

    checked: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("hdf5", "logs", "outputs", "raw"), 0)
    )
    unrecorded: int = 0
    findings: list[Finding] = field(default_factory=list)

    def problem(self, where: str, what: str, fix: str = "") -> None:
        """Enter something that is not as it was."""
        self.findings.append(Finding("problem", where, what, fix))


def verify_study(folder: StudyFolder, *, progress: Progress | None = None) -> VerifySummary:
    """Compare every artefact, code log, output and raw file with what is known of it.

    Parameters
    ----------
    folder : StudyFolder
    progress : Progress, optional
    """
    summary = VerifySummary()
    tell = progress or _silent
    for path in sorted(folder.root.glob("sessions/*/**/*.h5")):
        tell(path.name)
        _artefact(folder, path, summary)
    for path in sorted(folder.root.glob("sessions/*/codes/**/*.jsonl")):
        if parse_log_name(path) is not None:
            tell(path.name)
            _log(folder, path, summary)
    tell("outputs")
    _outputs(folder, summary)
    seen = _remembered_inputs(folder)
    for session in _sessions(folder, summary):
        _raw(folder, session, seen, summary, tell)
    summary.findings = list(in_order(summary.findings))
    return summary


def _silent(name: str) -> None:
    return None


def _artefact(folder: StudyFolder, path: Path, summary: VerifySummary) -> None:
    summary.checked["hdf5"] += 1
    wrong = verify_h5(path)
    if wrong is not None:
        summary.problem(_name(folder, path.parent), wrong)


def _log(folder: StudyFolder, path: Path, summary: VerifySummary) -> None:
    summary.checked["logs"] += 1
    where = _name(folder, path)
    try:
        records, wrong = read_log(path)
        if wrong is not None:
            summary.problem(where, wrong, "keep the file as it is; the records before it can be read")
        for heads in sorted(folder.logs_dir.glob("heads.*.jsonl")):
            lost = missing_since(latest_head(heads, path), records)
            if lost is not None:
                summary.problem(where, lost, "restore the log from a backup")
    except StillfaceError as error:
        summary.problem(where, str(error))


def _outputs(folder: StudyFolder, summary: VerifySummary) -> None:
    path = folder.logs_dir / "outputs.json"
    try:
        entries = {name: digest for name, (_, digest) in _json(path).items()}
    except (ValueError, TypeError):
        summary.problem(_name(folder, path), "the ledger of outputs is damaged", "run again: it is made anew")
        return
    for name, digest in sorted(entries.items()):
        summary.checked["outputs"] += 1
        output = folder.root / name
        if not output.is_file():
            summary.problem(name, "was written and is gone", "run again: it is made anew")
        elif hash_of(output) != digest:
            summary.problem(name, "was changed after it was written", "run again: it is made anew")


def _remembered_inputs(folder: StudyFolder) -> dict[str, str]:
    """Give the hashes that the last run took, by place in the study; a help where `add` took none."""
    try:
        return {path: digest for path, (_, digest) in _json(folder.logs_dir / "inputs.json").items()}
    except (ValueError, TypeError):
        return {}


def _json(path: Path) -> dict[str, list[str]]:
    if not path.is_file():
        return {}
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise ValueError("not an object")
    return content


def _sessions(folder: StudyFolder, summary: VerifySummary) -> Iterator[Session]:
    for session_id in folder.sessions():
        try:
            yield folder.load_session(session_id)
        except StillfaceError as error:
            summary.problem(session_id, str(error))


def _raw(
    folder: StudyFolder, session: Session, seen: dict[str, str], summary: VerifySummary, tell: Progress
) -> None:
    try:
        recorded = recorded_raw(folder, session.session_id)
    except StillfaceError as error:
        summary.problem(session.session_id, str(error))
        return
    for name in raw_names(session):
        tell(name)
        summary.checked["raw"] += 1
        try:
            path = folder.path_of(name)
            known = recorded.get(name) or seen.get(name)
            if known is None:
                summary.unrecorded += 1
            elif hash_of(path) != known:
                fix = f"restore it from a backup, or accept it: {accept_command(folder, name)}"
                summary.problem(f"{session.session_id}/{name}", "its content has changed", fix)
        except StillfaceError as error:
            summary.problem(session.session_id, str(error))


def _name(folder: StudyFolder, path: Path) -> str:
    return path.relative_to(folder.root).as_posix()
