"""Making a study: an empty folder becomes one, with the protocol's notices told at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from stillface.domain.study import Study
from stillface.errors import UsageError
from stillface.io.bundle import StudyFolder, create_study
from stillface.io.protocol_yaml import load_protocol
from stillface.io.scheme_yaml import load_scheme
from stillface.report.caveats import Caveat, header_caveats

__all__ = ["DEFAULT_SCHEMES", "NewStudy", "new_study"]

DEFAULT_SCHEMES = ("affect3", "gaze")
"""What the machine proposes; a lab names its own with --scheme."""


@dataclass(frozen=True)
class NewStudy:
    """A study that was made.

    Parameters
    ----------
    folder : StudyFolder
    episodes : tuple of str
        The protocol's, in order.
    roles : tuple of str
    caveats : tuple of Caveat
        Notices to be shown to whoever makes the study.
    """

    folder: StudyFolder
    episodes: tuple[str, ...]
    roles: tuple[str, ...]
    caveats: tuple[Caveat, ...]


def new_study(
    root: Path,
    protocol_id: str,
    *,
    title: str = "",
    coders: tuple[str, ...] = (),
    rules: tuple[str, ...] = (),
    schemes: Iterable[str] = (),
) -> NewStudy:
    """Make a study in a folder that is absent or empty.

    Parameters
    ----------
    root : Path
        Its name becomes the study's id.
    protocol_id : str
    title : str
    coders, rules : tuple of str
    schemes : iterable of str
        ``infant=icep_infant``; a bare one holds for every role. Without any: ``DEFAULT_SCHEMES``.

    Raises
    ------
    UsageError
        The folder is not empty, or a role that the protocol does not have.
    InputError
        A protocol, scheme or rule that nobody defines; an id that cannot name a folder.
    """
    protocol = load_protocol(protocol_id)
    chosen = _schemes(tuple(schemes) or DEFAULT_SCHEMES, protocol.role_ids)
    for scheme_id in {name for names in chosen.values() for name in names}:
        load_scheme(scheme_id)
    study = Study(root.resolve().name, protocol.id, title=title, schemes=chosen, rules=rules, coders=coders)
    folder = create_study(root, study)
    return NewStudy(
        folder, tuple(spec.id for spec in protocol.episodes), protocol.role_ids, header_caveats(protocol)
    )


def _schemes(words: tuple[str, ...], roles: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    chosen: dict[str, tuple[str, ...]] = dict.fromkeys(roles, ())
    for word in words:
        role, equals, scheme_id = word.rpartition("=")
        if equals and role not in roles:
            raise UsageError("no such role", where="--scheme", got=role, expected=", ".join(roles))
        for each in (role,) if equals else roles:
            chosen[each] = (*chosen[each], scheme_id)
    return {role: names for role, names in chosen.items() if names}
