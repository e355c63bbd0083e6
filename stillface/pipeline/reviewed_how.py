"""How a machine's proposals were reviewed: what was played, what was taken unseen, what the sample says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from stillface.io.codes_writer import Remark

__all__ = ["review_lines"]

_TIER, _REVIEWED = "review:", "auto_reviewed:"


def review_lines(remarks: Mapping[tuple[str, str, str], Sequence[Remark]]) -> tuple[str, ...]:
    """Give a line for each stream that somebody reviewed.

    Parameters
    ----------
    remarks : mapping of (source, role, scheme id) to sequence of Remark
        Decisions stand under ``review:`` and the scheme's id, with what the machine said (``proposed``), what
        stands now (``code``), the share played (``played``) and why it was shown (``reason``).
    """
    return tuple(
        f"{source.partition(':')[2]} reviewed {role} {scheme_id.removeprefix(_TIER)}: "
        + "; ".join(_told(decisions))
        for (source, role, scheme_id), decisions in sorted(remarks.items())
        if source.startswith(_REVIEWED) and scheme_id.startswith(_TIER) and decisions
    )


def _told(decisions: Sequence[Remark]) -> Iterator[str]:
    total_ns = sum(d.offset_ns - d.onset_ns for d in decisions)
    played_ns = sum((d.offset_ns - d.onset_ns) * float(d.attributes["played"]) for d in decisions)
    share_pct = 100 * played_ns / total_ns
    yield f"{len(decisions)} proposals decided, {share_pct:.0f} % of their time played before"
    bulk = [d for d in decisions if d.attributes["reason"] == "bulk"]
    unplayed = [d for d in decisions if _kept(d) and d not in bulk and float(d.attributes["played"]) == 0]
    if unplayed:
        yield f"{len(unplayed)} accepted without having been played"
    if bulk:
        yield f"{len(bulk)} sure ones accepted unseen"
    sample = [d for d in decisions if d.attributes["reason"] == "audit"]
    if sample:
        yield f"of {len(sample)} of the random sample of sure ones {sum(map(_kept, sample))} were kept"


def _kept(decision: Remark) -> bool:
    return decision.attributes["code"] == decision.attributes["proposed"]
