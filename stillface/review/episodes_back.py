"""Changes of episodes that were made on another computer: brought to the study, or told where they clash.

Episodes are everybody's, and there is one file of them. What a coder changed on the road is taken over as one
step where nobody at the lab changed the same episodes meanwhile. Otherwise the lab's stand: the coder's stay
in the log that came in, and are told, for a person to set.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from operator import itemgetter

from stillface.domain.session import Episode, Session
from stillface.errors import FieldError, InputError, UsageError
from stillface.io.bundle import StudyFolder
from stillface.io.code_log_record import Record
from stillface.review.clock_text import clock_text
from stillface.review.episode_log import Change, apply, changed_by

__all__ = ["bring_episodes", "net_changes"]


def net_changes(logs: Iterable[tuple[Sequence[Record], int]], where: str) -> tuple[Change, ...]:
    """Give what some logs of episodes changed on the whole: each episode before the first and after the last.

    Parameters
    ----------
    logs : iterable of (records, n_known)
        Only what stands behind the first ``n_known`` records of each counts.
    where : str
        Named where a record is unfit.

    Raises
    ------
    InputError
        A record that is no change of an episode.
    """
    timed: list[tuple[str, int, tuple[Change, ...]]] = []
    for records, n_known in logs:
        latest = ""
        for record in records:
            latest = max(latest, record.t)
            if record.seq >= n_known:
                try:
                    timed.append((latest, record.seq, changed_by(records, record)))
                except KeyError as error:
                    raise InputError(
                        "not a change of an episode", where=where, got=f"record {record.seq}"
                    ) from error
    found: dict[str, Change] = {}
    for _, _, parts in sorted(timed, key=itemgetter(0, 1)):
        for part in parts:
            first = found.get(part.episode_id, part)
            found[part.episode_id] = Change(first.before, part.after)
    return tuple(Change(c.before, c.after) for c in found.values() if c.before != c.after)


def bring_episodes(
    study: StudyFolder, session_id: str, coder: str, wanted: Sequence[Change]
) -> tuple[int, dict[str, str]]:
    """Bring changes to ``session.yaml``: all of them, or none where one of them clashes.

    Parameters
    ----------
    study : StudyFolder
    session_id, coder : str
    wanted : sequence of Change
        What stands like that already is no change.

    Returns
    -------
    (int, dict of str to str)
        How many episodes changed; for each that was left out, what the coder made of it and what stands.

    Raises
    ------
    StorageError
        Another program is changing the file, or the disk refused; nothing changes.
    """
    meant = _still_meant(study.load_session(session_id).episodes, wanted)
    if not meant:
        return 0, {}

    def change(now: Session) -> Session:
        return replace(now, episodes=apply(now.episodes, _still_meant(now.episodes, wanted)))

    try:
        study.update_session(session_id, change)
    except (UsageError, FieldError):
        return 0, _told(study.load_session(session_id).episodes, coder, meant)
    return len(meant), {}


def _still_meant(standing: Iterable[Episode], wanted: Sequence[Change]) -> tuple[Change, ...]:
    now = {episode.id: episode for episode in standing}
    return tuple(change for change in wanted if now.get(change.episode_id) != change.after)


def _told(standing: Iterable[Episode], coder: str, meant: Sequence[Change]) -> dict[str, str]:
    now = {episode.id: episode for episode in standing}
    return {
        c.episode_id: f"{coder}: {c.episode_id} was {_as_read(c.after)} for {coder} and is "
        f"{_as_read(now.get(c.episode_id))} here: not taken over, set it by hand if {coder} is right"
        for c in meant
    }


def _as_read(episode: Episode | None) -> str:
    if episode is None:
        return "not run"
    times = f"{clock_text(episode.onset_ns)} to {clock_text(episode.offset_ns)}"
    return times if episode.ended_by == "time" else f"{times} (ended by {episode.ended_by})"
