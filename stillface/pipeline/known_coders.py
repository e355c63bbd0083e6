"""Who has coded in a study: a coder that is asked for and is not there is a slip of the pen."""

from __future__ import annotations

from collections.abc import Sequence

from stillface.contracts.registry import CODERS
from stillface.errors import InputError
from stillface.io.artefacts import load_state_track
from stillface.io.bundle import StudyFolder
from stillface.io.code_log_name import parse_log_name
from stillface.io.human_codes import LOG_KINDS

__all__ = ["check_coders", "people_of_study"]


def people_of_study(folder: StudyFolder) -> tuple[str, ...]:
    """Give every person's streams as ``<kind>:<coder>``, by the names of their logs; sorted."""
    found: set[str] = set()
    for session_id in folder.sessions():
        for kind, place in LOG_KINDS.items():
            names = map(parse_log_name, (folder.codes_dir(session_id) / place).glob("*.jsonl"))
            found.update(f"{kind}:{name[0]}" for name in names if name is not None)
    return tuple(sorted(found))


def check_coders(folder: StudyFolder, coders: Sequence[str], *, machines: bool = True) -> None:
    """Refuse a coder who is not in the study.

    Parameters
    ----------
    folder : StudyFolder
    coders : sequence of str
        ``AB``, or with the kind of source ``auto:affect@1.0``.
    machines : bool
        Machines count, too: those that are installed and those whose proposals are there.

    Raises
    ------
    InputError
        Naming those that there are.
    """
    people = people_of_study(folder)
    if not _unknown(coders, people):
        return
    known = (*people, *(_machines(folder) if machines else ()))
    for name in _unknown(coders, known):
        raise InputError(
            "no such coder",
            where=f"study {folder.study.study_id}",
            got=name,
            expected="one of " + ", ".join(known) if known else "none yet: nobody has coded",
            fix="name the coder with or without what stands before the colon",
        )


def _unknown(coders: Sequence[str], known: Sequence[str]) -> list[str]:
    names = {*known, *(name.partition(":")[2] for name in known)}
    return [name for name in coders if name not in names]


def _machines(folder: StudyFolder) -> tuple[str, ...]:
    found = {f"auto:{CODERS.get(name).name}" for name in CODERS.names()}
    for session_id in folder.sessions():
        for path in sorted(folder.auto_dir(session_id).glob("*.h5")):
            found.add(load_state_track(path, folder.scheme).source)
    return tuple(sorted(found))
