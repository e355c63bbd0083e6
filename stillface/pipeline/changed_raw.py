"""Raw files that are not those that were added: one dyad's data must not be analysed as another's."""

from __future__ import annotations

import shlex

from stillface.domain.session import Session
from stillface.errors import InputError
from stillface.io.bundle import StudyFolder
from stillface.pipeline.inputs import FileHashes
from stillface.pipeline.raw_files import raw_names, recorded_raw

__all__ = ["refuse_changed_raw"]


def refuse_changed_raw(folder: StudyFolder, session: Session, hashes: FileHashes) -> None:
    """Compare a session's raw files with those that were added; unchanged ones are not read anew.

    Files whose hash was never recorded cannot be compared and pass.

    Parameters
    ----------
    folder : StudyFolder
    session : Session
    hashes : FileHashes
        Reads a file only when its size, time or inode is another one than when it was read last.

    Raises
    ------
    InputError
        A file is not there, or its content has changed and nobody has accepted it.
    StorageError
        A file cannot be read.
    """
    recorded = recorded_raw(folder, session.session_id)
    changed = []
    for name in raw_names(session):
        digest = hashes.of(folder.path_of(name))
        if recorded.get(name, digest) != digest:
            changed.append(name)
    if changed:
        accept = " ".join(f"--accept {shlex.quote(name)}" for name in changed)
        raise InputError(
            f"not the file{'s' * (len(changed) > 1)} that {'were' if len(changed) > 1 else 'was'} added: "
            "the content has changed",
            where=", ".join(changed),
            fix=f"restore from a backup, or accept: stillface verify STUDY {accept} --why REASON",
        )
