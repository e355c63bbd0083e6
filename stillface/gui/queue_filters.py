"""Which proposals the review walks: one lane, one episode, one code, chosen by the names people read."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtWidgets import QComboBox, QGridLayout, QWidget

from stillface.review.lanes import Lane
from stillface.review.queue import ReviewQueue
from stillface.review.queue_filter import Filter, Tier

__all__ = ["QueueFilters"]

_ALL_LANES = "every lane, one by one"


class QueueFilters(QWidget):
    """Three lists over the queue.

    Parameters
    ----------
    queue : ReviewQueue
        Begins with the lane of its present proposal where there are several.
    chosen : callable
        Called after the queue's filter was changed by hand.
    """

    def __init__(
        self, queue: ReviewQueue, chosen: Callable[[], object], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.queue, self._chosen = queue, chosen
        found = {p.reviewed_tier: queue.document.lane(p.lane) for p in queue.items}
        self._lanes: dict[Tier | None, Lane] = {tier: found[tier] for tier in queue.tiers if tier in found}
        self._tiers = [None, *self._lanes]
        self._codes: list[tuple[str, str] | None] = []
        self.lane_box, self.episode_box, self.code_box = QComboBox(), QComboBox(), QComboBox()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        # A lane's name is the longest: it has a row of its own.
        for box, name, place in (
            (self.lane_box, "lane", (0, 0, 1, 2)),
            (self.episode_box, "episode", (1, 0, 1, 1)),
            (self.code_box, "code", (1, 1, 1, 1)),
        ):
            box.setAccessibleName(f"Filter: {name}")
            grid.addWidget(box, *place)
        self.lane_box.addItems([_ALL_LANES, *(lane.title for lane in self._lanes.values())])
        self._episodes = [episode.id for episode in queue.document.session.episodes]
        self.episode_box.addItems(["all episodes", *self._episodes])
        if queue.current is not None and len(self._lanes) > 1:
            queue.set_filter(Filter.of_lane(queue.current.reviewed_tier))
        self.show_filter()
        self.lane_box.currentIndexChanged.connect(self._pick_lane)
        for box in (self.episode_box, self.code_box):
            box.currentIndexChanged.connect(self._pick)

    def show_filter(self) -> None:
        """Show what the queue is limited to, whoever did that."""
        held = self.queue.filter
        if self._tier != held.tier or not self._codes:
            self.lane_box.blockSignals(True)
            self.lane_box.setCurrentIndex(self._tiers.index(held.tier) if held.tier in self._tiers else 0)
            self.lane_box.blockSignals(False)
            self._list_codes()
        for box, picked in ((self.episode_box, held.episodes), (self.code_box, held.codes)):
            if not picked and box.currentIndex() != 0:
                box.blockSignals(True)
                box.setCurrentIndex(0)
                box.blockSignals(False)

    @property
    def _tier(self) -> Tier | None:
        return self._tiers[self.lane_box.currentIndex()]

    def _list_codes(self) -> None:
        """List the codes of the lane that is chosen by their names."""
        schemes: dict[str, Lane] = {}
        for lane in self._lanes.values() if self._tier is None else (self._lanes[self._tier],):
            schemes.setdefault(lane.key.scheme_id, lane)
        self.code_box.blockSignals(True)
        self.code_box.clear()
        self.code_box.addItem("all codes")
        self._codes = [None]
        for scheme_id, lane in schemes.items():
            for code in (code for code in lane.scheme.codes if not code.gap):
                about = "" if len(schemes) == 1 else f" ({lane.scheme.title or scheme_id})"
                self.code_box.addItem(lane.label(code.id) + about)
                self._codes.append((scheme_id, code.id))
        self.code_box.blockSignals(False)

    def _pick_lane(self) -> None:
        self._list_codes()
        self._pick()

    def _pick(self) -> None:
        tier, code = self._tier, self._codes[self.code_box.currentIndex()]
        episode = self.episode_box.currentIndex()
        schemes = [tier[1]] if tier is not None else [] if code is None else [code[0]]
        self.queue.set_filter(
            Filter(
                frozenset() if tier is None else frozenset({tier[0]}),
                frozenset(schemes),
                frozenset() if code is None else frozenset({code[1]}),
                frozenset({self._episodes[episode - 1]}) if episode > 0 else frozenset(),
            )
        )
        self._chosen()
