"""What is signed off, read from the code logs: the last word on each track, and whether it still stands."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from stillface.io.code_log_record import LoggedBout, Record

__all__ = ["SIGNED", "UNLOCKED", "SignOff", "fingerprint", "locked_tiers", "sign_offs"]

SIGNED, UNLOCKED = "signed_off", "unlocked"
"""First words of the ``status`` records that say so."""


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
        if word in (SIGNED, UNLOCKED) and tier:
            found[tier] = SignOff(tier, word == SIGNED, record.t, record.why, digits)
    return found


def locked_tiers(logs: Iterable[Sequence[Record]]) -> frozenset[str]:
    """Give the tiers that are signed off."""
    return frozenset(tier for tier, last in sign_offs(logs).items() if last.signed)
