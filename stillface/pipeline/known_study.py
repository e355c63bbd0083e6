"""What a study knows already, indexed: hundreds of visits come in without reading all of it for each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from stillface.domain.session import Session
from stillface.domain.study import Study, Visit
from stillface.errors import StillfaceError
from stillface.io.bundle import StudyFolder
from stillface.pipeline.raw_files import hash_of, recorded_raw

__all__ = ["KnownStudy", "Use", "recorded_or_nothing"]


@dataclass(frozen=True, order=True)
class Use:
    """A raw file that a session has, by its path in the study."""

    session_id: str
    name: str


class KnownStudy:
    """People, sessions and raw files of a study, with the visits that are about to come in.

    Parameters
    ----------
    folder : StudyFolder
    """

    def __init__(self, folder: StudyFolder) -> None:
        self._folder = folder
        self._persons = {person.person_id: person for person in folder.study.persons}
        self._ages = {visit.visit_id: dict(visit.age_days) for visit in folder.study.visits}
        self._visits: dict[str, str | None] = {}
        self._coming: dict[str, frozenset[str]] = {}
        self.sessions = set(folder.sessions())

    def people_of(self, session: Session) -> Study:
        """Give the study with nobody in it but the people of a session, and their ages at its visit."""
        ids = dict.fromkeys(session.persons.values())
        persons = tuple(self._persons[person_id] for person_id in ids if person_id in self._persons)
        visits: tuple[Visit, ...] = ()
        if session.visit_id in self._ages:
            ages = self._ages[session.visit_id]
            visits = (Visit(session.visit_id, {who: ages[who] for who in ids if who in ages}),)
        return replace(self._folder.study, persons=persons, visits=visits)

    def add(self, session: Session, people: Study, sources: Mapping[str, Path]) -> None:
        """Take a visit in.

        Parameters
        ----------
        session : Session
        people : Study
            With the session's people as they will be.
        sources : mapping of str to Path
            Where each of its files is now, by its path in the study.
        """
        self._persons |= {person.person_id: person for person in people.persons}
        for visit in people.visits:
            self._ages.setdefault(visit.visit_id, {}).update(visit.age_days)
        self.sessions.add(session.session_id)
        self._visits[session.session_id] = session.visit_id
        self._coming[session.session_id] = frozenset(session.persons.values())
        for name, path in sources.items():
            self._raw.add(Use(session.session_id, name), path, None)

    def only_in(self, session_id: str, persons: Iterable[str]) -> frozenset[str]:
        """Name the people whom no other session has: a corrected visit may correct them too.

        Nobody, when a session cannot be read: it might be theirs.
        """
        others = {
            name: self._coming.get(name, who) for name, who in self._people_on_disk.items()
        } | self._coming
        others.pop(session_id, None)
        if None in others.values():
            return frozenset()
        return frozenset(persons).difference(*(who for who in others.values() if who is not None))

    def visit_of(self, session_id: str) -> str | None:
        """Give the visit of a session, or None where it cannot be read."""
        if session_id not in self._visits:
            session = _readable(self._folder, session_id)
            self._visits[session_id] = None if session is None else session.visit_id
        return self._visits[session_id]

    def uses_of(self, name: str, path: Path) -> list[Use]:
        """Give who has a file under this name or with this content, sorted."""
        return self._raw.uses_of(name, path)

    @cached_property
    def _people_on_disk(self) -> dict[str, frozenset[str] | None]:
        sessions = {name: _readable(self._folder, name) for name in self._folder.sessions()}
        return {
            name: None if session is None else frozenset(session.persons.values())
            for name, session in sessions.items()
        }

    @cached_property
    def _raw(self) -> _RawIndex:
        index = _RawIndex()
        for session_id in sorted(self._folder.sessions()):
            for name, digest in recorded_or_nothing(self._folder, session_id).items():
                index.add(Use(session_id, name), self._folder.root / name, digest)
        return index


class _RawIndex:
    """Raw files by name and by content; a file is hashed only when another has its length, and once."""

    def __init__(self) -> None:
        self._by_name: dict[str, set[Use]] = defaultdict(set)
        self._by_content: dict[tuple[int, str], set[Use]] = defaultdict(set)
        self._not_hashed: dict[int, list[tuple[Use, Path]]] = defaultdict(list)
        self._lengths: set[int] = set()
        self._hashes: dict[Path, str] = {}

    def add(self, use: Use, path: Path, digest: str | None) -> None:
        self._by_name[use.name].add(use)
        if not path.is_file():
            return
        length = path.stat().st_size
        self._lengths.add(length)
        if digest is None:
            self._not_hashed[length].append((use, path))
        else:
            self._by_content[length, digest].add(use)

    def uses_of(self, name: str, path: Path) -> list[Use]:
        uses = set(self._by_name.get(name, ()))
        length = path.stat().st_size
        # Hashing every film at every visit would take hours.
        if length in self._lengths:
            for use, other in self._not_hashed.pop(length, ()):
                self._by_content[length, self._hash(other)].add(use)
            uses |= self._by_content.get((length, self._hash(path)), set())
        return sorted(uses)

    def _hash(self, path: Path) -> str:
        if path not in self._hashes:
            self._hashes[path] = hash_of(path)
        return self._hashes[path]


def _readable(folder: StudyFolder, session_id: str) -> Session | None:
    try:
        return folder.load_session(session_id)
    except StillfaceError:
        return None


def recorded_or_nothing(folder: StudyFolder, session_id: str) -> dict[str, str]:
    """Give the remembered hashes of a session's raw files, empty where the record is damaged."""
    try:
        return recorded_raw(folder, session_id)
    except StillfaceError:
        return {}
