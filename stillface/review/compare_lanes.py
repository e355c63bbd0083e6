"""Two coders' moments or ratings: events matched within a tolerance, units of a scale one by one."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from stillface.agreement.align_events import EventRule
from stillface.agreement.points import point_kappa
from stillface.agreement.ratings import RatedUnits, rated_units, rating_agreement, scale_values
from stillface.domain.scheme import CodingScheme
from stillface.domain.session import Episode
from stillface.errors import UsageError
from stillface.io.code_log_record import Edit, LoggedBout
from stillface.review.document import DECISIONS, Document
from stillface.review.draft import Draft
from stillface.review.lanes import Lane, LaneBout
from stillface.review.ratings import Rate, RatingUnit, Unrate, rating_of
from stillface.review.settling import AgreementText, Coded, Comparison, Difference, Side, analysed

__all__ = ["PointComparison", "RatingComparison"]

_NONE = "no event"


@dataclass(frozen=True)
class _LaneOf:
    """One coder's lane, as the comparison names it."""

    lane: Lane

    @property
    def scheme(self) -> CodingScheme:
        return self.lane.scheme

    @property
    def role(self) -> str:
        return self.lane.key.role

    @property
    def coder_id(self) -> str:
        return self.lane.key.source.partition(":")[2]


class _LaneComparison(Comparison):
    """What both kinds share: read-only lanes of two coders, and a draft of the consensus lane."""

    def __init__(self, document: Document, first: Lane, second: Lane, all_: tuple[Difference, ...]) -> None:
        if (first.scheme.code_ids, first.key.role) != (second.scheme.code_ids, second.key.role):
            raise UsageError(
                "two tracks that cannot be compared", got=second.key.tier, expected=first.key.tier
            )
        super().__init__(document, _LaneOf(first), _LaneOf(second), all_)

    @abstractmethod
    def agreed(self) -> tuple[LaneBout, ...]:
        """Give what both said alike, as the first coder placed it."""

    def adopt_agreed(self) -> bool:
        """Take over everything both said alike, as one command; tell whether anything was added."""
        draft = Draft(self.document.lane(self.target), self.document.grid)
        for bout in self.agreed():
            if not any(
                (b.onset_ns, b.code) == (bout.onset_ns, bout.code) or self._in_the_way(b, bout)
                for b in draft.lane.bouts
            ):
                draft.add(bout.onset_ns, bout.offset_ns, bout.code)
        return self.document.log_edits("consensus", draft.edits(), self.agree_why)

    def _in_the_way(self, there: LaneBout, new: LaneBout) -> bool:
        return there.onset_ns < new.end_ns and there.end_ns > new.onset_ns


class PointComparison(_LaneComparison):
    """Settles events: each is kept, moved to the other's moment, called otherwise, or said not to be there.

    Two coders' events are one event where they lie no further apart than the tolerance, paired as for their
    agreement. What was decided about a difference is a record of its own beside the consensus lane, so that
    "there was no event" is told apart from "not looked at yet".

    Parameters
    ----------
    document : Document
    first, second : Lane
        Of a point scheme.
    tolerance_ns : int
    """

    nothing = _NONE

    def __init__(
        self, document: Document, first: Lane, second: Lane, *, tolerance_ns: int = EventRule().onset_ns
    ) -> None:
        self._rule = EventRule(tolerance_ns)
        self._lanes = (first, second)
        found = []
        self._agreed: list[LaneBout] = []
        for episode in analysed(document.session):
            alike, unlike = _paired(episode, self._lanes, self._rule, document)
            self._agreed += alike
            found += unlike
        super().__init__(document, first, second, tuple(found))
        document.decided.connect(self.changed.emit)

    def agreed(self) -> tuple[LaneBout, ...]:
        """Give the events that both saw and called the same."""
        return tuple(self._agreed)

    def settled_as(self, difference: Difference) -> str | None:
        """Give the code of the event that was decided on, or ``no event``."""
        decision = self._decision(difference)
        return None if decision is None else decision[1].code

    def settle(self, here: Difference, code: str | None, side: Side, why: str) -> None:
        """Put the event into the consensus lane, or none, and note the decision; one undo takes both back."""
        at_ns = self._moment_ns(here, side)
        draft = self._without(here)
        if code is not None:
            draft.add(at_ns, None, code)
        new = LoggedBout(
            self._tier,
            here.onset_ns,
            here.offset_ns,
            code or _NONE,
            attributes={"source": self._source(here), "at_ns": str(at_ns)},
        )
        old = self._decision(here)
        decision = Edit("add", bout=new) if old is None else Edit("set", old[0], new)
        self.document.log_edits("consensus", [*draft.edits(), decision], why)

    def reopen(self) -> None:
        """Take back what was decided about the current difference."""
        here = self.need()
        old = self._decision(here)
        if old is not None:
            self.document.log_edits(
                "consensus", [*self._without(here).edits(), Edit("del", old[0])], "open again"
            )

    def agreement_text(self) -> AgreementText:
        """Say kappa of the aligned events, and how many both saw and called the same."""
        first, second = (lane.points() for lane in self._lanes)
        now = point_kappa(first, second, self._rule)
        n_events = int(now.table.sum())
        alike = int(np.trace(now.table[:-1, :-1]))
        by_episode = {}
        for episode in analysed(self.document.session):
            same, unlike = _paired(episode, self._lanes, self._rule, self.document)
            by_episode[episode.id] = f"{len(same)} of {len(same) + len(unlike)}"
        text = f"kappa <b>{_figure(now.kappa)}</b>, {alike} of {n_events} events alike"
        return AgreementText(text, now.reason or "", by_episode)

    @property
    def _tier(self) -> str:
        return f"{self.target.role}/{DECISIONS}{self.target.scheme_id}"

    def _source(self, here: Difference) -> str:
        # Two differences may lie at the same moment: what each said tells them apart.
        said = [f"{who.coder_id}: {code or _NONE}" for who, code in self._said(here)]
        return ", ".join(said)

    def _said(self, here: Difference) -> tuple[tuple[Coded, str | None], ...]:
        return (self.first, here.first), (self.second, here.second)

    def _decision(self, here: Difference) -> tuple[str, LoggedBout] | None:
        role, scheme_id = self.target.role, self.target.scheme_id
        return self.document.decision(role, scheme_id, here.onset_ns, here.offset_ns, self._source(here))

    def _without(self, here: Difference) -> Draft:
        """Give a draft of the consensus lane without the event decided on before."""
        draft, old = Draft(self.document.lane(self.target), self.document.grid), self._decision(here)
        if old is not None:
            at_ns = int(old[1].attributes["at_ns"])
            for bout in draft.lane.bouts:
                if (bout.onset_ns, bout.code) == (at_ns, old[1].code):
                    draft.remove(bout)
                    break
        return draft

    def _moment_ns(self, here: Difference, side: Side) -> int:
        code = here.first if side == "first" else here.second
        mine = self._lanes[0 if side == "first" else 1].within(here.onset_ns, here.offset_ns)
        return next((b.onset_ns for b in mine if b.code == code), here.onset_ns)


def _paired(
    episode: Episode, lanes: tuple[Lane, Lane], rule: EventRule, document: Document
) -> tuple[list[LaneBout], list[Difference]]:
    """Give what is alike and what is not among two coders' events of an episode."""
    first, second = (lane.within(episode.onset_ns, episode.offset_ns) for lane in lanes)
    one, other = Lane(lanes[0].key, lanes[0].scheme, first), Lane(lanes[1].key, lanes[1].scheme, second)
    pairs = point_kappa(one.points(), other.points(), rule).pairs.tolist()
    alike, unlike = [], []

    def differ(*both: LaneBout | None) -> None:
        there = [bout.onset_ns for bout in both if bout is not None]
        a, b = (None if bout is None else bout.code for bout in both)
        kind = "uncoded" if None in (a, b) else "code"
        end_ns = document.grid.after(max(there))
        unlike.append(Difference(min(there), end_ns, a, b, episode.id, kind))  # type: ignore[arg-type]

    for i, j in pairs:
        if first[i].code == second[j].code:
            alike.append(first[i])
        else:
            differ(first[i], second[j])
    for place, bout in enumerate(first):
        if place not in {i for i, _ in pairs}:
            differ(bout, None)
    for place, bout in enumerate(second):
        if place not in {j for _, j in pairs}:
            differ(None, bout)
    return alike, sorted(unlike, key=lambda d: (d.onset_ns, d.offset_ns))


class RatingComparison(_LaneComparison):
    """Settles the values that two people gave to episodes, segments or the session.

    Parameters
    ----------
    document : Document
    first, second : Lane
        Of a rating scheme.
    """

    def __init__(self, document: Document, first: Lane, second: Lane) -> None:
        self._lanes = (first, second)
        units = sorted({(b.onset_ns, b.end_ns) for lane in self._lanes for b in lane.bouts})
        self._units = tuple(RatingUnit(_unit_name(document, *unit), *unit) for unit in units)
        found = []
        for unit in self._units:
            a, b = self._values(unit)
            if a != b:
                kind = "uncoded" if None in (a, b) else "code"
                found.append(Difference(unit.onset_ns, unit.offset_ns, a, b, unit.label, kind))  # type: ignore[arg-type]
        super().__init__(document, first, second, tuple(found))

    def _values(self, unit: RatingUnit) -> tuple[str | None, str | None]:
        a, b = (rating_of(lane, unit) for lane in self._lanes)
        return None if a is None else a.code, None if b is None else b.code

    def agreed(self) -> tuple[LaneBout, ...]:
        """Give the units to which both gave one value."""
        rated = ((self._values(unit), rating_of(self._lanes[0], unit)) for unit in self._units)
        return tuple(bout for (a, b), bout in rated if a == b and bout is not None)

    def settled_as(self, difference: Difference) -> str | None:
        """Give the unit's value in the consensus lane."""
        rating = rating_of(self.document.lane(self.target), self._unit(difference))
        return None if rating is None else rating.code

    def settle(self, here: Difference, code: str | None, side: Side, why: str) -> None:
        """Rate the unit in the consensus lane."""
        if code is not None:
            self._log(Rate(self.target, self._unit(here), code), why)

    def reopen(self) -> None:
        """Take the current unit's value back."""
        self._log(Unrate(self.target, self._unit(self.need())), "open again")

    def agreement_text(self) -> AgreementText:
        """Say how many units got one value, and on a scale with values weighted kappa and ICC."""
        found = self._rated()
        now = rating_agreement([found])
        alike = int((found.codes[:, 0] == found.codes[:, 1]).sum())
        parts = [f"<b>{alike}</b> of {now.n_units} units alike"]
        if scale_values(found.scheme) is None:
            parts.append(f"kappa <b>{_figure(now.kappa)}</b>")
            reasons = [now.kappa_reason]
        else:
            parts.append(
                f"weighted kappa <b>{_figure(now.weighted_quadratic)}</b> quadratic, "
                f"{_figure(now.weighted_linear)} linear"
            )
            parts.append(f"ICC(2,1) {_figure(now.icc.icc_2_1)}, ICC(3,1) {_figure(now.icc.icc_3_1)}")
            reasons = [now.weighted_reason, now.icc.reason]
        if found.n_one_only:
            parts.append(f"{found.n_one_only} rated by one only")
        if found.n_unscorable:
            parts.append(f"{found.n_unscorable} that could not be rated")
        why = "; ".join(dict.fromkeys(reason for reason in reasons if reason))
        return AgreementText("; ".join(parts), why, {})

    def _rated(self) -> RatedUnits:
        units = self._units
        first, second = (lane.track((units[0].onset_ns, units[-1].offset_ns)) for lane in self._lanes)
        return rated_units(first, second)

    def _unit(self, difference: Difference) -> RatingUnit:
        return RatingUnit(difference.episode, difference.onset_ns, difference.offset_ns)

    def _log(self, command: Rate | Unrate, why: str) -> None:
        lane = self.document.lane(self.target)
        self.document.log_edits("consensus", command.plan(lane, self.document.grid), why)


def _figure(figure: float | None) -> str:
    return "\u2013" if figure is None else f"{figure:.2f}"


def _unit_name(document: Document, onset_ns: int, offset_ns: int) -> str:
    """Give the episodes that a unit lies in."""
    inside: Iterable[str] = (
        e.id for e in document.session.episodes if e.onset_ns < offset_ns and e.offset_ns > onset_ns
    )
    return ", ".join(inside) or "outside the episodes"
