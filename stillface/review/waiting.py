"""Edits that wait on this computer since a share was away: brought in without opening the sessions."""

from __future__ import annotations

from pathlib import Path

from stillface import __version__
from stillface.errors import StorageError
from stillface.io.bundle import StudyFolder
from stillface.io.code_log import CodeLog
from stillface.io.code_log_name import parse_log_name
from stillface.io.human_beats import BEATS_DIR
from stillface.io.human_codes import LOG_KINDS
from stillface.review.install import spool_folder, state_dir

__all__ = ["bring_in_waiting"]


def bring_in_waiting(study: StudyFolder) -> tuple[str, ...]:
    """Put what waits on this computer into the study's logs.

    A coder who closed the window while the share was away may not open that session again for weeks.

    Returns
    -------
    tuple of str
        One line for each thing to tell: what came in, and what still waits, and why.
    """
    told: list[str] = []
    if not (state_dir() / "spool").is_dir():
        return ()
    folders = {**LOG_KINDS, BEATS_DIR: BEATS_DIR}
    for session_id in study.sessions():
        for kind, folder in folders.items():
            for spool in sorted(spool_folder(study.study.study_id, session_id, kind).glob("*.jsonl")):
                told += [f"{session_id}: {line}" for line in _bring_in(study, session_id, folder, spool)]
    return tuple(told)


def _bring_in(study: StudyFolder, session_id: str, folder: str, spool: Path) -> tuple[str, ...]:
    names = parse_log_name(spool)
    if names is None:
        return ()
    path = study.codes_dir(session_id) / folder / spool.name
    try:
        log = CodeLog.open(
            path,
            coder=names[0],
            install=names[1],
            app_version=__version__,
            heads=study.heads_path(names[1]),
            spool=spool,
        )
        # What the disk still refuses goes on waiting.
        log.close(abandon=bool(log.unsaved))
    except StorageError as error:
        return (error.what,)
    return (*log.notices, *(() if log.reason is None else (f"read-only: {log.reason}",)))
