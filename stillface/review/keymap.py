"""Which key does what: a profile, a lab's own changes, the schemes' keys, and where they collide."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from stillface.domain.scheme import CodingScheme
from stillface.errors import UsageError
from stillface.review.keymap_profiles import ACTIONS, PROFILES, Action

__all__ = ["KeyConflict", "Keymap", "key_of_code"]

_BY_ID = {action.id: action for action in ACTIONS}


@dataclass(frozen=True)
class KeyConflict:
    """One key that would do several things at once."""

    key: str
    claims: tuple[str, ...]


def key_of_code(key: str) -> str:
    """Give a scheme's key as the window names it: letters are capitals there."""
    return key.upper() if len(key) == 1 else key


@dataclass(frozen=True)
class Keymap:
    """A profile of keys with a lab's own changes.

    Parameters
    ----------
    profile : str
        A member of PROFILES.
    own : mapping of action id to tuple of keys
        Replaces the profile's keys of these actions.
    """

    profile: str = "stillface"
    own: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.profile not in PROFILES:
            raise UsageError("no such profile of keys", got=self.profile, expected=", ".join(PROFILES))
        unknown = [action for action in self.own if action not in _BY_ID]
        if unknown:
            raise UsageError("no such action", got=unknown[0], expected=", ".join(_BY_ID))

    def keys(self, action_id: str) -> tuple[str, ...]:
        """Give the keys of an action; none where the profile took its key for another one."""
        if action_id in self.own:
            return self.own[action_id]
        profile = PROFILES[self.profile]
        if action_id in profile:
            return profile[action_id]
        mine = _BY_ID[action_id]
        taken = {
            key
            for other, keys in profile.items()
            if _meet(mine, _BY_ID[other])
            for key in self.own.get(other, keys)
        }
        return tuple(key for key in PROFILES["stillface"].get(action_id, ()) if key not in taken)

    def action(self, key: str, context: Literal["coding", "review", "beats"]) -> Action | None:
        """Give what a key does while coding, in the review, or among heart beats; None for nothing."""
        for action in ACTIONS:
            if action.context in ("always", context) and key in self.keys(action.id):
                return action
        return None

    def with_key(self, action_id: str, *keys: str) -> Keymap:
        """Give a keymap in which an action has these keys."""
        return Keymap(self.profile, {**self.own, action_id: keys})

    def rivals(self, action_id: str, key: str) -> tuple[Action, ...]:
        """Give the other actions that have a key and can be asked for in the same situation."""
        mine = _BY_ID[action_id]
        return tuple(a for a in ACTIONS if a is not mine and _meet(a, mine) and key in self.keys(a.id))

    def conflicts(self, schemes: Iterable[CodingScheme] = ()) -> tuple[KeyConflict, ...]:
        """List the keys that two actions, or an action and a code, lay claim to.

        Two schemes may share keys: only one lane is active at a time.
        """
        claims: defaultdict[str, list[Action]] = defaultdict(list)
        for action in ACTIONS:
            for key in self.keys(action.id):
                claims[key].append(action)
        found = {}
        for key, actions in claims.items():
            clash = [a for a in actions if any(a is not b and _meet(a, b) for b in actions)]
            if clash:
                found[key] = [action.label for action in clash]
        for scheme in schemes:
            for code in scheme.codes:
                key = key_of_code(code.key or "")
                claimed = [action.label for action in claims.get(key, ()) if action.context != "beats"]
                if code.key and claimed:
                    labels = found.setdefault(key, claimed)
                    labels.append(f"{scheme.id}: {code.label or code.id}")
        return tuple(KeyConflict(key, tuple(labels)) for key, labels in sorted(found.items()))

    def sheet(
        self, can: Container[str], taken: Container[str] = ()
    ) -> dict[str, tuple[tuple[str, str], ...]]:
        """Give the cheat sheet: by heading, what can be done and its keys.

        Parameters
        ----------
        can : container of str
            Ids of the actions that can be done here.
        taken : container of str
            Keys that mean something else here.
        """
        groups: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
        for action in ACTIONS:
            keys = [key for key in self.keys(action.id) if key not in taken]
            if keys and action.id in can:
                groups[action.group].append((action.label, "  ".join(keys)))
        return {group: tuple(lines) for group, lines in groups.items()}


def _meet(one: Action, other: Action) -> bool:
    """Tell whether two actions can be asked for in the same situation."""
    return "always" in (one.context, other.context) or one.context == other.context
