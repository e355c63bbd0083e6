"""Who changed which episode when, from what to what: one append-only log per person and computer.

``session.yaml`` is what everybody reads. A change is logged first, then brought to that file, then noted as
having reached it. What a crash left between the two is told apart by the file itself and set right before
the next change: see :meth:`EpisodeLog.open_for`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from stillface import __version__
from stillface.domain.session import Episode
from stillface.errors import StorageError, UsageError
from stillface.io.bundle import StudyFolder
from stillface.io.code_log import CodeLog
from stillface.io.code_log_chain import read_log
from stillface.io.code_log_name import log_name, parse_log_name
from stillface.io.code_log_record import EDITS, Edit, LoggedBout, Record
from stillface.io.code_log_replay import replay
from stillface.io.durable import storage_error

__all__ = [
    "EPISODES_DIR",
    "Change",
    "EpisodeEvent",
    "EpisodeLog",
    "apply",
    "changed_by",
    "changes",
    "episode_events",
]

EPISODES_DIR = "episodes"
"""Folder inside ``codes`` that holds the logs of changed episodes."""

_TIER = "session/episodes"
_REACHED = "in session.yaml"
_ENDED_BY = "ended_by"


@dataclass(frozen=True)
class Change:
    """One episode before and after; None where it was not run, or is no longer."""

    before: Episode | None
    after: Episode | None

    @property
    def episode_id(self) -> str:
        """Whose times these are."""
        there = self.after or self.before
        return "" if there is None else there.id

    def back(self) -> Change:
        """Give the change that undoes this one."""
        return Change(self.after, self.before)


@dataclass(frozen=True)
class EpisodeEvent:
    """One line of the history of a session's episodes.

    Parameters
    ----------
    t : str
        UTC.
    who, install : str
    what : {'changed', 'taken back', 'brought back'}
    change : Change
    """

    t: str
    who: str
    install: str
    what: str
    change: Change


def changes(before: Iterable[Episode], after: Iterable[Episode]) -> tuple[Change, ...]:
    """Give what differs between two states of a session's episodes, one change per episode."""
    old, new = {e.id: e for e in before}, {e.id: e for e in after}
    ids = dict.fromkeys([*old, *new])
    return tuple(Change(old.get(i), new.get(i)) for i in ids if old.get(i) != new.get(i))


def apply(episodes: Iterable[Episode], wanted: Sequence[Change]) -> tuple[Episode, ...]:
    """Give the episodes after some changes, in time order.

    Raises
    ------
    UsageError
        An episode is not as the change found it: somebody changed it since.
    """
    now = {episode.id: episode for episode in episodes}
    for change in wanted:
        if now.get(change.episode_id) != change.before:
            raise UsageError(
                f"{change.episode_id} was changed since by somebody else", fix="look at it and set it by hand"
            )
        now.pop(change.episode_id, None)
        if change.after is not None:
            now[change.episode_id] = change.after
    return tuple(sorted(now.values(), key=lambda episode: episode.onset_ns))


class EpisodeLog:
    """One person's log of episode changes on one computer; nothing is written before the first change.

    Parameters
    ----------
    study : StudyFolder
    session_id, coder, install : str
    """

    def __init__(self, study: StudyFolder, session_id: str, coder: str, install: str) -> None:
        self._path = study.codes_dir(session_id) / EPISODES_DIR / log_name(coder, install)
        self._coder, self._install, self._heads = coder, install, study.heads_path(install)
        self._log: CodeLog | None = None
        self._read = read_log(self._path)[0] if self._path.exists() else ()

    @property
    def records(self) -> Sequence[Record]:
        """Everything logged so far."""
        return self._read if self._log is None else self._log.records

    def to_undo(self) -> tuple[Change, ...]:
        """Give what taking the last command back would change; empty where there is none."""
        stack = replay(self.records).undo
        return tuple(c.back() for c in reversed(_command(self.records, stack[-1]))) if stack else ()

    def to_redo(self) -> tuple[Change, ...]:
        """Give what bringing the last undone command back would change; empty where there is none."""
        stack = replay(self.records).redo
        return _command(self.records, self.records[stack[-1]].ref or 0) if stack else ()

    def open_for(self, standing: Sequence[Episode]) -> None:
        """Open the log for a change, and set right what a crash left between log and ``session.yaml``.

        Parameters
        ----------
        standing : sequence of Episode
            As the file has them now.

        Raises
        ------
        StorageError
            The log cannot be opened or written.
        """
        if self._log is None:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise storage_error(error, self._path, "could not make the folder") from error
            log = CodeLog.open(
                self._path,
                coder=self._coder,
                install=self._install,
                app_version=__version__,
                heads=self._heads,
            )
            if log.read_only:
                raise StorageError(f"the log of episodes is read-only: {log.reason}", where=self._path.name)
            self._log = log
        last = _last_command(self.records)
        if last is not None and not any(r.text == _REACHED for r in self.records[last.seq :]):
            done = _effect(self.records, last)
            now = {episode.id: episode for episode in standing}
            if all(now.get(change.episode_id) == change.after for change in done):
                self.reached()
            else:
                self.withdraw()

    def log(self, wanted: Sequence[Change]) -> None:
        """Log a command; raises StorageError, and nothing is logged then."""
        self._try(lambda log: log.append_group([_edit(change) for change in wanted]))

    def log_undo(self) -> None:
        """Log that the last command is taken back; raises as :meth:`log`."""
        self._try(lambda log: log.undo())

    def log_redo(self) -> None:
        """Log that the last undone command is brought back; raises as :meth:`log`."""
        self._try(lambda log: log.redo())

    def reached(self) -> None:
        """Note that the last command is in ``session.yaml``."""
        self._try(lambda log: log.append("note", text=_REACHED))

    def withdraw(self) -> None:
        """Log that the last command never came to ``session.yaml``."""
        last, why = _last_command(self.records), "could not be brought to session.yaml"
        undone = last is not None and last.ref is not None and self.records[last.ref].op != "undo"
        self._try(lambda log: log.redo(why) if undone else log.undo(why))

    def _try(self, act: Callable[[CodeLog], object]) -> None:
        log = self._log
        if log is None:
            raise UsageError("the log is not open")
        try:
            act(log)
        except StorageError:
            # What was refused must not come to the disk with a later change.
            self._drop()
            raise

    def _drop(self) -> None:
        if self._log is not None:
            self._log.close(abandon=True)
            self._read = tuple(self._log.records[: len(self._log.records) - len(self._log.unsaved)])
            self._log = None

    def close(self) -> None:
        """End the sitting; everything that counts is on the disk already."""
        if self._log is not None:
            try:
                self._log.close()
                self._read, self._log = tuple(self._log.records), None
            except StorageError:
                self._drop()


def episode_events(study: StudyFolder, session_id: str) -> tuple[EpisodeEvent, ...]:
    """Give everybody's changes of a session's episodes, oldest first.

    Raises
    ------
    StorageError
        A log cannot be read.
    """
    found = []
    for path in sorted((study.codes_dir(session_id) / EPISODES_DIR).glob("*.jsonl")):
        if parse_log_name(path) is None:
            continue
        records, _ = read_log(path)
        for record in records:
            what = "changed"
            if record.ref is not None:
                what = "brought back" if records[record.ref].op == "undo" else "taken back"
            parts = changed_by(records, record)
            found += [EpisodeEvent(record.t, record.who, record.install, what, part) for part in parts]
    return tuple(sorted(found, key=lambda event: event.t))


def changed_by(records: Sequence[Record], record: Record) -> tuple[Change, ...]:
    """Give what one record of a log of episodes changed; empty where it is no edit and no undo."""
    if record.op == "undo":
        return _effect(records, record)
    return (_change(record),) if record.op in EDITS else ()


def _last_command(records: Sequence[Record]) -> Record | None:
    return next((r for r in reversed(records) if r.op in EDITS or r.op == "undo"), None)


def _effect(records: Sequence[Record], last: Record) -> tuple[Change, ...]:
    """Give what the command that ends with a record changed."""
    if last.op != "undo" or last.ref is None:
        return _command(records, last.seq)
    about = records[last.ref]
    if about.op == "undo":
        return _command(records, about.ref or 0)
    return tuple(change.back() for change in reversed(_command(records, about.seq)))


def _command(records: Sequence[Record], last: int) -> tuple[Change, ...]:
    first = last
    while first and records[first - 1].left:
        first -= 1
    return tuple(_change(record) for record in records[first : last + 1])


def _change(record: Record) -> Change:
    return Change(_episode(record.was), _episode(record.bout))


def _edit(change: Change) -> Edit:
    # Every edit has an id of its own: what others did to the episode meanwhile is not in this log.
    before, after = _logged(change.before), _logged(change.after)
    if before is None:
        return Edit("add", bout=after)
    return Edit("del" if after is None else "set", bout=after, was=before)


def _logged(episode: Episode | None) -> LoggedBout | None:
    if episode is None:
        return None
    return LoggedBout(
        _TIER, episode.onset_ns, episode.offset_ns, episode.id, attributes={_ENDED_BY: episode.ended_by}
    )


def _episode(bout: LoggedBout | None) -> Episode | None:
    if bout is None or bout.offset_ns is None:
        return None
    return Episode(bout.code, bout.onset_ns, bout.offset_ns, bout.attributes[_ENDED_BY])
