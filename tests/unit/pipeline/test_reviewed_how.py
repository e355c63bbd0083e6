"""The page says how a machine's proposals were reviewed: played, unplayed, unseen, and the sample."""

from __future__ import annotations

from stillface.domain.clock import NS_PER_S as S
from stillface.io.codes_writer import Remark
from stillface.pipeline.reviewed_how import review_lines


def decision(seconds: int, played: str, reason: str, proposed: str = "neg", code: str = "neg") -> Remark:
    held = {"played": played, "reason": reason, "proposed": proposed, "code": code}
    return Remark(0, seconds * S, held, "")


def test_what_was_played_and_what_was_not_is_told_for_each_stream() -> None:
    decisions = [
        decision(6, "1.000", "doubtful"),
        decision(2, "0.000", "doubtful"),
        # Rejected unplayed: nothing of the machine's went through.
        decision(2, "0.000", "doubtful", code=""),
        decision(4, "0.500", "audit"),
        decision(2, "1.000", "audit", code="pos"),
        decision(4, "0.000", "bulk"),
    ]
    remarks = {
        ("auto_reviewed:AB", "infant", "review:affect3"): decisions,
        ("consensus:AB", "infant", "review:affect3"): [Remark(0, S, {"code": "neg"}, "")],
        ("human:AB", "infant", "affect3"): [Remark(0, S, {}, "hiccups")],
    }
    (line,) = review_lines(remarks)
    assert line == (
        "AB reviewed infant affect3: 6 proposals decided, 50 % of their time played before; "
        "1 accepted without having been played; 1 sure ones accepted unseen; "
        "of 2 of the random sample of sure ones 1 were kept"
    )
    assert review_lines({}) == ()
