"""A coder's own keys: chosen with a check for conflicts, kept on this computer for each profile."""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from stillface.domain.scheme import CodingScheme
from stillface.errors import InputError, UsageError
from stillface.io.durable import write_atomic
from stillface.review.install import settings_dir
from stillface.review.keymap import KeyConflict, Keymap

__all__ = ["KeyChoice", "keep_keys", "kept_keys"]


class KeyChoice:
    """Keys as they are chosen one by one; what would mean two things at once is refused.

    Parameters
    ----------
    keymap : Keymap
        As it was.
    schemes : iterable of CodingScheme
        Whose codes have keys as well.

    Attributes
    ----------
    keymap : Keymap
        As it is chosen now.
    """

    def __init__(self, keymap: Keymap, schemes: Iterable[CodingScheme] = ()) -> None:
        self.keymap = keymap
        self._schemes = tuple(schemes)

    @property
    def conflicts(self) -> tuple[KeyConflict, ...]:
        """What is in conflict now: a profile's key that a scheme's code has, too; there the code counts."""
        return self.keymap.conflicts(self._schemes)

    def give(self, action_id: str, key: str, *, also: bool = False) -> None:
        """Give an action a key.

        Parameters
        ----------
        action_id : str
        key : str
            As Qt writes it: ``Ctrl+K``, ``Num+8``.
        also : bool
            Beside those it has, not instead of them.

        Raises
        ------
        UsageError
            The key means something else in the same situation; nothing changed.
        """
        self._take(self._with(action_id, key, also))

    def move(self, action_id: str, key: str, *, also: bool = False) -> None:
        """Give an action a key that another action has in the same situation, and take it from there.

        Parameters as for :meth:`give`.

        Raises
        ------
        UsageError
            A scheme's code has it: that key is written in the scheme.
        """
        taken = self._with(action_id, key, also)
        for rival in self.keymap.rivals(action_id, key):
            taken = taken.with_key(rival.id, *(held for held in taken.keys(rival.id) if held != key))
        self._take(taken)

    def reset(self, action_id: str) -> None:
        """Give an action the profile's keys again; refused where one's own keys are in the way."""
        own = {id_: keys for id_, keys in self.keymap.own.items() if id_ != action_id}
        self._take(Keymap(self.keymap.profile, own))

    def reset_all(self) -> None:
        """Take the profile as it is."""
        self.keymap = Keymap(self.keymap.profile)

    def _with(self, action_id: str, key: str, also: bool) -> Keymap:
        before = self.keymap.keys(action_id) if also else ()
        return self.keymap.with_key(action_id, *dict.fromkeys((*before, key)))

    def _take(self, keymap: Keymap) -> None:
        known = {(conflict.key, frozenset(conflict.claims)) for conflict in self.conflicts}
        for conflict in keymap.conflicts(self._schemes):
            if (conflict.key, frozenset(conflict.claims)) not in known:
                raise UsageError(
                    f"{conflict.key} would mean {' and '.join(conflict.claims)}", fix="choose another key"
                )
        self.keymap = keymap


def _path(coder: str) -> Path:
    # A digest: no coder's name stands in this computer's settings.
    return settings_dir() / "keys" / f"{sha256(coder.encode()).hexdigest()[:24]}.json"


def keep_keys(coder: str, keymap: Keymap) -> None:
    """Keep a coder's own keys in a profile; raises StorageError."""
    path = _path(coder)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        held = _read(path)
    except InputError:
        # What could not be read was told when the session opened; this replaces it.
        held = {}
    held[keymap.profile] = {action: list(keys) for action, keys in keymap.own.items()}
    write_atomic(path, json.dumps(held, indent=1, sort_keys=True).encode())


def kept_keys(coder: str, profile: str) -> Keymap:
    """Give a profile with the keys that a coder changed in it on this computer.

    Raises
    ------
    UsageError
        No such profile.
    InputError
        What is kept cannot be read; the profile itself is there without it.
    """
    plain = Keymap(profile)
    own = _read(_path(coder)).get(profile, {})
    try:
        return Keymap(plain.profile, {action: tuple(keys) for action, keys in own.items()})
    except UsageError as error:
        raise InputError("your own keys could not be read", where=_path(coder).name, got=error.got) from error


def _read(path: Path) -> dict[str, dict[str, list[str]]]:
    if not path.is_file():
        return {}
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        return {
            str(profile): {str(action): [str(key) for key in keys] for action, keys in own.items()}
            for profile, own in held.items()
        }
    except (ValueError, TypeError, AttributeError, OSError) as error:
        raise InputError("your own keys could not be read", where=path.name) from error
