"""Two coders side by side: walking their differences, and settling each in a lane of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from stillface.domain.scheme import CodingScheme
from stillface.domain.session import Episode, Session
from stillface.errors import UsageError
from stillface.review.document import Document
from stillface.review.lanes import LaneKey
from stillface.review.signals import Signal

__all__ = ["AgreementText", "Coded", "Comparison", "Difference", "Kind", "Side", "analysed"]

Kind = Literal["code", "border", "uncodable", "uncoded"]
Side = Literal["first", "second"]


class Coded(Protocol):
    """What one person coded of one stream."""

    @property
    def scheme(self) -> CodingScheme:
        """Under which scheme."""
        ...

    @property
    def role(self) -> str:
        """Of whom."""
        ...

    @property
    def coder_id(self) -> str:
        """By whom."""
        ...


@dataclass(frozen=True)
class Difference:
    """One stretch, moment or unit on which two coders do not say the same.

    Parameters
    ----------
    onset_ns, offset_ns : int
    first, second : str or None
        What each coded; None where that coder left it uncoded, or saw no event.
    episode : str
    kind : {'code', 'border', 'uncodable', 'uncoded'}
        ``border``: both saw the same change, one of them earlier. ``uncodable``: one could see, the other
        could not. ``uncoded``: one of them has not coded it. Else ``code``.
    """

    onset_ns: int
    offset_ns: int
    first: str | None
    second: str | None
    episode: str
    kind: Kind


@dataclass(frozen=True)
class AgreementText:
    """How well the two codings agree, in words: settling does not change it.

    Parameters
    ----------
    line, reason : str
        The figure, and why it is undefined where it is.
    by_episode : mapping of str to str
    """

    line: str
    reason: str
    by_episode: dict[str, str]


def analysed(session: Session) -> tuple[Episode, ...]:
    """Give the episodes that are compared."""
    return tuple(e for e in session.episodes if session.protocol.episode(e.id).analyse)


class Comparison(ABC):
    """Walks two coders' differences and settles them in a consensus lane.

    Parameters
    ----------
    document : Document
        With a store of kind ``consensus``.
    first, second : Coded
        What two people coded, from scratch.
    all_ : tuple of Difference

    Attributes
    ----------
    target : LaneKey
        The consensus lane.
    all : tuple of Difference
    place : int
        Which of :attr:`shown` is looked at.
    nothing : str
        What a side is called that says nothing, where that is an answer; empty where it is none.
    changed : Signal
        Called without arguments when place, filter or the consensus lane changes.

    Raises
    ------
    UsageError
        Two schemes or roles, or the document has no such consensus lane.
    """

    nothing = ""

    def __init__(self, document: Document, first: Coded, second: Coded, all_: tuple[Difference, ...]) -> None:
        self.document, self.first, self.second = document, first, second
        self.changed: Signal[[]] = Signal()
        self.all = all_
        self.target = LaneKey(first.role, first.scheme.id, f"consensus:{document.coder}")
        document.lane(self.target)
        self.place = 0
        self._kinds: frozenset[Kind] = frozenset()
        self._shortest_ms = 0
        self._only_open = False
        self.shown: tuple[Difference, ...] = self.all
        document.lanes_changed.connect(self._lanes_changed)

    @property
    def current(self) -> Difference | None:
        """The difference that is looked at."""
        return self.shown[self.place] if self.shown else None

    def set_filter(
        self, kinds: Iterable[Kind] = (), *, shortest_ms: int = 0, only_open: bool = False
    ) -> None:
        """Show only some differences.

        Parameters
        ----------
        kinds : iterable of str
            Empty shows all.
        shortest_ms : int
        only_open : bool
            Leave out what was settled when the filter was set.
        """
        here = self.current
        self._kinds, self._shortest_ms, self._only_open = frozenset(kinds), shortest_ms, only_open
        self.shown = tuple(d for d in self.all if self._passes(d))
        self.place = self.shown.index(here) if here in self.shown else 0
        self.changed.emit()

    def _passes(self, difference: Difference) -> bool:
        long_enough = difference.offset_ns - difference.onset_ns >= self._shortest_ms * 1_000_000
        right_kind = not self._kinds or difference.kind in self._kinds
        return long_enough and right_kind and not (self._only_open and self.is_settled(difference))

    def go_to(self, place: int) -> Difference | None:
        """Look at one of the shown differences; out of range goes round."""
        if self.shown:
            self.place = place % len(self.shown)
            self.changed.emit()
        return self.current

    def next(self) -> Difference | None:
        """Look at the next one; after the last comes the first."""
        return self.go_to(self.place + 1)

    def previous(self) -> Difference | None:
        """Look at the one before."""
        return self.go_to(self.place - 1)

    def next_open(self) -> Difference | None:
        """Look at the next one that is not settled; None where all are."""
        count = len(self.shown)
        for step in range(1, count + 1):
            if not self.is_settled(self.shown[(self.place + step) % count]):
                return self.go_to(self.place + step)
        return None

    @property
    def n_settled(self) -> int:
        """How many of all differences are settled."""
        return sum(self.is_settled(difference) for difference in self.all)

    def is_settled(self, difference: Difference) -> bool:
        """Tell whether something was decided about the whole difference."""
        return self.settled_as(difference) is not None

    @abstractmethod
    def settled_as(self, difference: Difference) -> str | None:
        """Give the code, or ``nothing``, as which a difference was settled; None where it is open."""

    def take(self, side: Side) -> None:
        """Settle the current difference as one of the coders saw it.

        Raises
        ------
        UsageError
            There is no difference, or that coder left it uncoded and this is no answer.
        """
        here = self.need()
        coder = (self.first if side == "first" else self.second).coder_id
        code = here.first if side == "first" else here.second
        if code is None and not self.nothing:
            raise UsageError(f"{coder} left this uncoded", fix="take the other, or a code")
        self.settle(here, code, side, f"as {coder}")

    def decide(self, code: str) -> None:
        """Settle the current difference by a code of the scheme, whatever the two said."""
        here = self.need()
        self.settle(here, code, "second" if here.first is None else "first", "decided anew")

    @abstractmethod
    def settle(self, here: Difference, code: str | None, side: Side, why: str) -> None:
        """Write down what was decided; ``side`` says whose time counts where the two differ in it."""

    @abstractmethod
    def reopen(self) -> None:
        """Let the current difference be open again: nothing is said about it."""

    @abstractmethod
    def adopt_agreed(self) -> bool:
        """Take over everything both said alike, as one command; tell whether anything was added."""

    @abstractmethod
    def agreement_text(self) -> AgreementText:
        """Say how well the two codings agree, over all episodes and in each."""

    @property
    def agree_why(self) -> str:
        """Reason in the log of what both said alike."""
        return f"{self.first.coder_id} and {self.second.coder_id} agree"

    def need(self) -> Difference:
        """Give the difference that is looked at, or refuse."""
        if self.current is None:
            raise UsageError("there is no difference here", fix="widen the filter")
        return self.current

    def _lanes_changed(self, keys: frozenset[LaneKey]) -> None:
        if self.target in keys:
            self.changed.emit()
