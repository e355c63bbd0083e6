"""Who has to code a session blind: without what a machine or another coder said of it.

Two codings can only be compared where both were made from scratch. A session that was drawn for double
coding is therefore shown blind to whoever is to code it, however it is opened, until all they were given
there is signed off.
"""

from __future__ import annotations

from stillface.errors import InputError
from stillface.io.bundle import StudyFolder
from stillface.io.code_log_chain import read_log
from stillface.io.sign_offs import locked_tiers
from stillface.review.assignments import Assignment, read_assignments

__all__ = ["codes_from_scratch", "must_code_blind"]


def must_code_blind(study: StudyFolder, session_id: str, coder: str) -> bool:
    """Tell whether a person may see only their own codes of a session.

    That is so where the session was drawn for double coding, or has a second pass in ``assignments.csv``,
    and the person still has something to sign off there. Whoever was given nothing there while others were
    is free: they settle or review. Where nobody was given anything, everybody may turn out to be one of
    the two. While the table of assignments cannot be read, nobody can tell, and everybody codes blind.

    Parameters
    ----------
    study : StudyFolder
    session_id, coder : str

    Raises
    ------
    StorageError
        The coder's own logs cannot be read.
    """
    try:
        given = [a for a in read_assignments(study) if a.session_id == session_id]
    except InputError:
        return True
    drawn = session_id in study.reliability.sessions or any(a.pass_no == 2 for a in given)
    if not drawn:
        return False
    mine = _streams(study, given, coder)
    return bool(mine) and not mine <= _signed(study, session_id, coder)


def codes_from_scratch(study: StudyFolder, session_id: str, coder: str) -> bool:
    """Tell whether a person's work on a session is coding without the machine's proposals.

    That is so where they were given something there that they have not signed off, drawn for double
    coding or not, and wherever they must code blind.

    Parameters
    ----------
    study : StudyFolder
    session_id, coder : str

    Raises
    ------
    InputError
        The table of assignments cannot be read.
    StorageError
        The coder's own logs cannot be read.
    """
    given = read_assignments(study)
    mine = {f"{a.role}/{a.scheme_id}" for a in given if (a.session_id, a.coder) == (session_id, coder)}
    return not mine <= _signed(study, session_id, coder) or must_code_blind(study, session_id, coder)


def _streams(study: StudyFolder, given: list[Assignment], coder: str) -> frozenset[str]:
    """Give what the person is to code there, as ``<role>/<scheme_id>``."""
    if given:
        return frozenset(f"{a.role}/{a.scheme_id}" for a in given if a.coder == coder)
    return frozenset(
        f"{role}/{scheme}" for role, schemes in study.study.schemes.items() for scheme in schemes
    )


def _signed(study: StudyFolder, session_id: str, coder: str) -> frozenset[str]:
    # The file's name says whose it is: those of others are not opened.
    paths = [path for path in study.log_paths(session_id) if path.name.partition(".")[0] == coder]
    return locked_tiers([read_log(path)[0] for path in paths])
