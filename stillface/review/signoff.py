"""Sign-off: a coder says "done", and the track is locked until somebody unlocks it with a reason.

A sign-off is a ``status`` record of the code log, so it has a time, a person and a place in the hash chain.
It carries a fingerprint of what stood: a track that changed afterwards, for example by the log of another
computer, is told apart from one that stands as signed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING

from stillface.errors import UsageError
from stillface.io.code_log_record import LoggedBout, Record
from stillface.review.finished import Finding, findings
from stillface.review.lanes import LaneKey

if TYPE_CHECKING:
    from stillface.review.document import Document

__all__ = ["SignOff", "fingerprint", "locked_tiers", "open_points", "sign_off", "sign_offs", "unlock"]

_SIGNED, _UNLOCKED = "signed_off", "unlocked"
_MUST_BE_SETTLED = frozenset({"running", "overlap"})
_COUNTED = frozenset({"missing_episode", "hole", *_MUST_BE_SETTLED})


@dataclass(frozen=True)
class SignOff:
    """The last word on one track.

    Parameters
    ----------
    tier : str
        ``<role>/<scheme_id>``.
    signed : bool
        False where it was unlocked again.
    t : str
        UTC.
    why : str, optional
        Reason of the unlocking, or what was still open at the sign-off.
    print : str
        Fingerprint of the track when it was signed; empty for an unlocking.
    """

    tier: str
    signed: bool
    t: str
    why: str | None
    print: str


def fingerprint(bouts: Iterable[LoggedBout]) -> str:
    """Give 16 digits that differ where times, codes or remarks differ; ids and order do not matter."""
    rows = sorted(
        json.dumps([b.onset_ns, b.offset_ns, b.code, sorted(b.attributes.items())], ensure_ascii=False)
        for b in bouts
    )
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()[:16]


def sign_offs(logs: Iterable[Sequence[Record]]) -> Mapping[str, SignOff]:
    """Give the last sign-off or unlocking of each tier, over all computers of one coder.

    Parameters
    ----------
    logs : iterable of record sequences
    """
    timed: list[tuple[str, str, int, Record]] = []
    for log in logs:
        latest = ""
        for record in log:
            # A clock that was set back must not bring an older word to the front.
            latest = max(latest, record.t)
            if record.op == "status":
                timed.append((latest, record.install, record.seq, record))
    found = {}
    for _, _, _, record in sorted(timed, key=itemgetter(0, 1, 2)):
        word, _, rest = (record.text or "").partition(" ")
        tier, _, digits = rest.partition(" ")
        if word in (_SIGNED, _UNLOCKED) and tier:
            found[tier] = SignOff(tier, word == _SIGNED, record.t, record.why, digits)
    return found


def locked_tiers(logs: Iterable[Sequence[Record]]) -> frozenset[str]:
    """Give the tiers that are signed off."""
    return frozenset(tier for tier, last in sign_offs(logs).items() if last.signed)


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
    document.log_status(key.kind, f"{_SIGNED} {key.tier} {fingerprint(bouts)}", why)


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
    document.log_status(key.kind, f"{_UNLOCKED} {key.tier}", why.strip())


def _own(document: Document, key: LaneKey) -> None:
    if key.source != f"{key.kind}:{document.coder}" or key.kind == "auto":
        raise UsageError("only the coder can sign off a track, or unlock it", where=key.tier, got=key.source)
