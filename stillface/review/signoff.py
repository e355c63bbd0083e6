"""Sign-off: a coder says "done", and the track is locked until somebody unlocks it with a reason.

A sign-off is a ``status`` record of the code log, so it has a time, a person and a place in the hash chain.
It carries a fingerprint of what stood: a track that changed afterwards, for example by the log of another
computer, is told apart from one that stands as signed.
"""

from __future__ import annotations

from stillface.errors import UsageError
from stillface.io.sign_offs import SIGNED, UNLOCKED, fingerprint
from stillface.review.document import Document
from stillface.review.finished import Finding, findings
from stillface.review.lanes import LaneKey

__all__ = ["open_points", "sign_off", "unlock"]

_MUST_BE_SETTLED = frozenset({"running", "overlap"})
_COUNTED = frozenset({"missing_episode", "hole", *_MUST_BE_SETTLED})


def open_points(document: Document, key: LaneKey) -> tuple[Finding, ...]:
    """List what is still open in a track: holes, missing episodes, a running bout, overlaps."""
    found = findings(document.session, [document.lane(key)])
    return tuple(finding for finding in found if finding.kind in _COUNTED)


def sign_off(document: Document, key: LaneKey, *, accept_open: bool = False) -> None:
    """Say that a track is done; it cannot be edited from then on.

    Parameters
    ----------
    document : Document
    key : LaneKey
        One of the coder's own lanes.
    accept_open : bool
        Sign although time is uncoded; how much is kept in the log.

    Raises
    ------
    UsageError
        It is not the coder's lane, is signed off already, or something is open.
    StorageError
        The log does not take it.
    """
    _own(document, key)
    if key.tier in document.locked_tiers(key.kind):
        raise UsageError("this track is signed off already", where=key.tier)
    still_open = open_points(document, key)
    unsettled = [finding.text for finding in still_open if finding.kind in _MUST_BE_SETTLED]
    if unsettled:
        raise UsageError(f"not yet: {unsettled[0]}", where=key.tier, fix="settle it, then sign off")
    if still_open and not accept_open:
        raise UsageError(
            f"{len(still_open)} places are open, the first: {still_open[0].text}",
            where=key.tier,
            fix="code them, or sign off as it is",
        )
    bouts = [bout for bout in document.logged(key.kind).values() if bout.tier == key.tier]
    why = f"{len(still_open)} places open" if still_open else None
    document.log_status(key.kind, f"{SIGNED} {key.tier} {fingerprint(bouts)}", why)


def unlock(document: Document, key: LaneKey, why: str) -> None:
    """Let a signed track be edited again; the reason is kept in the log.

    Raises
    ------
    UsageError
        It is not signed off, or no reason was given.
    """
    _own(document, key)
    if not why.strip():
        raise UsageError("unlocking needs a reason", where=key.tier)
    if key.tier not in document.locked_tiers(key.kind):
        raise UsageError("this track is not signed off", where=key.tier)
    document.log_status(key.kind, f"{UNLOCKED} {key.tier}", why.strip())


def _own(document: Document, key: LaneKey) -> None:
    if key.source != f"{key.kind}:{document.coder}" or key.kind == "auto":
        raise UsageError("only the coder can sign off a track, or unlock it", where=key.tier, got=key.source)
