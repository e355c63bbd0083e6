"""One run of a study at a time, with the folders there that its results go to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from stillface.errors import StorageError
from stillface.io.bundle import StudyFolder
from stillface.io.durable import storage_error
from stillface.io.lock import FileLock, LockRefusedError, LockUnwritableError, NoLocksError

__all__ = ["at_work"]

_LOCK = "run.lock"


@contextmanager
def at_work(folder: StudyFolder, session_ids: Iterable[str], what: str) -> Iterator[tuple[str, ...]]:
    """Hold a study against another run, from before the first step until after the last page.

    Folders for results that were deleted, or that a package left out because they were empty, are made
    anew. The system takes the lock from a run that ends, however it ends; what is written in the file only
    names its holder.

    Parameters
    ----------
    folder : StudyFolder
    session_ids : iterable of str
        Sessions that results may be written for.
    what : str
        Named to others who want to begin: ``stillface run``.

    Yields
    ------
    tuple of str
        Warnings.

    Raises
    ------
    StorageError
        Another run is at work, named with its computer and process; or a folder cannot be made.
    """
    _make_folders(folder, session_ids)
    try:
        lock = FileLock(folder.logs_dir / _LOCK, who=what)
    except NoLocksError as error:
        yield (f"{error.what}: see to it that nobody else runs this study now",)
        return
    except LockUnwritableError:
        raise
    except LockRefusedError as error:
        raise StorageError(
            f"another run is at work on this study: {error.what.removeprefix('being edited by ')}",
            where=folder.root.name,
            fix="wait until it is done, then run again",
        ) from error
    try:
        yield ()
    finally:
        lock.release()


def _make_folders(folder: StudyFolder, session_ids: Iterable[str]) -> None:
    wanted = [folder.logs_dir, folder.exports_dir, folder.reports_dir]
    for session_id in session_ids:
        wanted += [folder.tracks_dir(session_id), folder.signals_dir(session_id), folder.auto_dir(session_id)]
    for place in wanted:
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error(error, place, "could not make the folder") from error
