"""The one object that changes while somebody codes: what stands now, what can be undone, what is saved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from stillface.domain.scheme import CodingScheme
from stillface.domain.session import Session
from stillface.domain.states import StateTrack
from stillface.errors import StorageError, UsageError
from stillface.io.code_log_record import Edit, LoggedBout
from stillface.review.cameras import FrameGrid
from stillface.review.commands import Command
from stillface.review.lanes import Lane, LaneBout, LaneKey
from stillface.review.signals import Signal
from stillface.review.stores import Store

__all__ = ["DECISIONS", "Document", "Status"]

Status = Literal["saved", "saving", "saved here", "NOT SAVED"]

DECISIONS = "review:"
"""Prefix of the scheme id in tiers that hold a reviewer's decisions instead of codes."""


class Document:
    """One session being coded by one person.

    Every edit is on the disk before the call returns. When the study's disk refuses, or does not answer
    within a second, the edit is kept on a disk of this computer and ``status`` says ``saved here``; when
    that refuses too, it stands in memory and ``status`` says ``NOT SAVED``. ``trouble`` says why;
    :meth:`retry` and :meth:`save_elsewhere` are the ways out, and :meth:`close` refuses until one of them
    worked. What is kept here is brought into the study when the session is opened the next time.

    Parameters
    ----------
    session : Session
        Frozen; its tracks become read-only lanes.
    grid : FrameGrid
        Where edges may lie.
    scheme_of : callable
        Gives the coding scheme of an id.
    coder : str
    stores : mapping of str to Store
        By kind of source: ``human``, ``auto_reviewed``, ``consensus``.
    tiers : iterable of (role, scheme_id)
        What this person codes, in the order of the lanes.
    only_role : str
        Lanes of other roles are not there: coding blind to the partner. Empty for all.
    offered : iterable of (role, scheme_id)
        What may be coded beside that, after it.
    blind : bool
        Opened without a machine's codes: whoever shows more of the session must not show them either.
    told : iterable of str
        What the coder is to be told first; begins ``notices``.
    beside : iterable of Lane
        More read-only lanes, of moments or ratings that no state track holds.

    Attributes
    ----------
    offered : frozenset of str
        Tiers that may be coded and need not be.
    lanes_changed : Signal
        Called with the set of lanes that differ now.
    status_changed, active_changed, decided, closed : Signal
        Called without arguments; ``decided`` where a decision on a proposal or a difference changed.
    """

    def __init__(
        self,
        session: Session,
        grid: FrameGrid,
        scheme_of: Callable[[str], CodingScheme],
        coder: str,
        stores: Mapping[str, Store],
        tiers: Iterable[tuple[str, str]],
        only_role: str = "",
        offered: Iterable[tuple[str, str]] = (),
        *,
        blind: bool = False,
        told: Iterable[str] = (),
        beside: Iterable[Lane] = (),
    ) -> None:
        self.session, self.grid, self.coder, self.blind = session, grid, coder, blind
        self._told = tuple(told)
        self.lanes_changed: Signal[[frozenset[LaneKey]]] = Signal()
        self.status_changed: Signal[[]] = Signal()
        self.active_changed: Signal[[]] = Signal()
        self.closed: Signal[[]] = Signal()
        self.decided: Signal[[]] = Signal()
        self._scheme_of, self._stores = scheme_of, dict(stores)
        self._status: Status = "saved"
        self._trouble: StorageError | None = None
        self._standing: dict[LaneKey, dict[str, LoggedBout]] = {}
        self._made: dict[LaneKey, dict[str, LaneBout]] = {}
        self._decisions: dict[tuple[str, int, int | None, str], tuple[str, LoggedBout]] = {}
        self._lanes: dict[LaneKey, Lane] = {}
        self._only_role = only_role
        tiers = tuple(tiers)
        more = [tier for tier in offered if tier not in tiers]
        self.offered = frozenset("/".join(tier) for tier in more)
        self._make_lanes([tier for tier in (*tiers, *more) if self._seen(tier[0])])
        self._active = next((key for key, lane in self._lanes.items() if lane.editable), None)
        self._lanes.update({lane.key: lane for lane in beside if self._seen(lane.key.role)})
        self._settle_status(None)

    def _make_lanes(self, tiers: Sequence[tuple[str, str]]) -> None:
        mine = self._own_sources()
        tracks = [t for t in self.session.tracks if t.source not in mine and self._seen(t.role)]
        wanted = {kind: list(tiers) if kind in {"human", "consensus"} else [] for kind in self._stores}
        if "auto_reviewed" in wanted:
            wanted["auto_reviewed"] = [(t.role, t.scheme.id) for t in tracks if t.source_kind == "auto"]
        for kind, store in self._stores.items():
            logged = (bout.tier.split("/") for bout in store.bouts.values())
            found = (
                (role, scheme)
                for role, scheme in logged
                if self._seen(role) and not scheme.startswith(DECISIONS)
            )
            for role, scheme_id in dict.fromkeys([*wanted[kind], *found]):
                key = LaneKey(role, scheme_id, f"{kind}:{self.coder}")
                self._lanes[key] = self._lane(key, {})
        for track in tracks:
            lane = Lane.from_track(track)
            self._lanes[lane.key] = lane
        self._refresh()

    def _seen(self, role: str) -> bool:
        return self._only_role in ("", role)

    def _lane(self, key: LaneKey, bouts: Mapping[str, LoggedBout]) -> Lane:
        # A key press changes a bout or two: the thousands that stay are not made anew.
        before, made = self._standing.get(key, {}), self._made.get(key, {})
        self._made[key] = {
            id_: made[id_] if before.get(id_) is bout else LaneBout.of_logged(id_, bout)
            for id_, bout in bouts.items()
        }
        self._standing[key] = dict(bouts)
        return Lane(key, self._scheme_of(key.scheme_id), tuple(self._made[key].values()), self._editable(key))

    def _editable(self, key: LaneKey) -> bool:
        store = self._stores[key.kind]
        return not store.log.read_only and key.tier not in store.locked

    @property
    def lanes(self) -> Mapping[LaneKey, Lane]:
        """Every lane: the coder's own first, then what is read-only."""
        return dict(self._lanes)

    def lane(self, key: LaneKey) -> Lane:
        """Give one lane; refuses a key that is not there."""
        if key not in self._lanes:
            raise UsageError("no such lane", got=f"{key.tier} of {key.source}")
        return self._lanes[key]

    @property
    def active(self) -> LaneKey | None:
        """The lane that key presses go to."""
        return self._active

    def activate(self, key: LaneKey) -> None:
        """Make a lane the active one; a read-only lane is refused.

        One's own lane that is signed off may be the active one, as it is right after signing: edits of it are
        refused, not the way back to it.
        """
        if not self.lane(key).editable and not self._signed_off(key):
            raise UsageError("this lane cannot be edited", got=f"{key.tier} of {key.source}")
        if key != self._active:
            self._active = key
            self.active_changed.emit()

    def _signed_off(self, key: LaneKey) -> bool:
        store = self._stores.get(key.kind) if key in self._made else None
        return store is not None and not store.log.read_only and key.tier in store.locked

    def decision(
        self, role: str, scheme_id: str, onset_ns: int, offset_ns: int, source: str
    ) -> tuple[str, LoggedBout] | None:
        """Give the review decision on one proposal of a machine, with its id in the log, or None."""
        return self._decisions.get((f"{role}/{DECISIONS}{scheme_id}", onset_ns, offset_ns, source))

    def notes(self, kind: str) -> tuple[str, ...]:
        """Give the notes of one log, oldest first."""
        return tuple(record.text or "" for record in self._store(kind).log.state.notes)

    def do(self, command: Command) -> bool:
        """Apply a command and bring it to the disk; tell whether anything changed.

        Raises
        ------
        UsageError, FieldError
            It cannot be done; nothing changes.
        StorageError
            The log is read-only; nothing changes.
        """
        lane = self.lane(command.lane)
        if not lane.editable:
            store = self._stores.get(lane.key.kind)
            signed = store is not None and lane.key.tier in store.locked
            reason = "it is signed off" if signed else store.log.reason if store is not None else None
            raise StorageError(
                f"this lane cannot be edited: {reason or 'it is not yours'}", where=lane.key.tier
            )
        return self.log_edits(lane.key.kind, command.plan(lane, self.grid))

    def log_edits(self, kind: str, edits: Iterable[Edit], why: str | None = None) -> bool:
        """Log edits of several tiers of one kind as one command; raises as :meth:`do`."""
        edits, store = tuple(edits), self._store(kind)
        if edits:
            self._write(store, lambda: store.log_edits(edits, why))
        return bool(edits)

    def note(self, kind: str, text: str) -> None:
        """Log a note; it is no edit and cannot be undone."""
        store = self._store(kind)
        self._write(store, lambda: store.log.append("note", text=text))

    def logged(self, kind: str) -> Mapping[str, LoggedBout]:
        """Give the bouts that stand in the logs of one kind, by id."""
        return self._store(kind).bouts

    def locked_tiers(self, kind: str) -> frozenset[str]:
        """Give the tiers of one kind that are signed off."""
        return self._store(kind).locked

    def log_status(self, kind: str, text: str, why: str | None = None) -> None:
        """Log a sign-off or an unlocking; lanes then open or close. It is no edit and cannot be undone."""
        store = self._store(kind)
        self._write(store, lambda: store.log_status(text, why))

    @property
    def can_undo(self) -> bool:
        """Whether there is something to take back in the active lane's log."""
        return self._active is not None and self._stores[self._active.kind].can_undo

    @property
    def can_redo(self) -> bool:
        """Whether there is something to bring back in the active lane's log."""
        return self._active is not None and self._stores[self._active.kind].can_redo

    def undo(self) -> None:
        """Take back the last command of the active lane's log; raises UsageError where there is none."""
        if not self.can_undo or self._active is None:
            raise UsageError("nothing to undo")
        store = self._stores[self._active.kind]
        self._write(store, store.undo)

    def redo(self) -> None:
        """Bring back the last undone command; raises UsageError where there is none."""
        if not self.can_redo or self._active is None:
            raise UsageError("nothing to redo")
        store = self._stores[self._active.kind]
        self._write(store, store.redo)

    @property
    def status(self) -> Status:
        """``saved``, ``saving``, ``saved here`` (not in the study yet) or ``NOT SAVED``."""
        return self._status

    @property
    def trouble(self) -> StorageError | None:
        """Why edits are not saved."""
        return self._trouble

    @property
    def locked(self) -> str | None:
        """Why the coder's own log cannot be edited, or None."""
        return next((s.log.reason for s in self._stores.values() if s.log.read_only), None)

    @property
    def away(self) -> str | None:
        """Why the study takes nothing since the opening, so that edits wait on this computer; or None."""
        return next((s.log.away for s in self._stores.values() if s.log.away is not None), None)

    @property
    def notices(self) -> tuple[str, ...]:
        """What the coder should be told about the opening."""
        lines = [*self._told, *(notice for store in self._stores.values() for notice in store.log.notices)]
        lines += [f"read-only: {s.log.reason}" for s in self._stores.values() if s.log.read_only]
        conflicts = sum(len(store.conflicts) for store in self._stores.values())
        if conflicts:
            lines.append(f"two computers disagree in {conflicts} places")
        return tuple(lines)

    def retry(self) -> None:
        """Try again to bring to the disk what is only in memory."""
        for store in self._stores.values():
            self._write(store, store.log.flush)

    def save_elsewhere(self, folder: Path) -> None:
        """Go on in another folder with everything in memory; raises StorageError and changes nothing."""
        for store in self._stores.values():
            if store.log.unsaved:
                store.move_to(folder)
        self._settle_status(None)
        self._refresh()

    def close(self, *, abandon: bool = False) -> None:
        """End the sitting.

        Raises
        ------
        StorageError
            Something is not in the study; the document stays open. ``abandon`` closes it all the same: what
            is saved here waits for the next opening, what is in memory only is lost.
        """
        for store in self._stores.values():
            store.log.close(abandon=abandon)
        self.closed.emit()

    @property
    def install(self) -> str:
        """The computer that it is coded on."""
        return next(iter(self._stores.values())).log.install

    def own_tracks(self) -> tuple[StateTrack, ...]:
        """Give this person's state lanes as tracks; empty lanes are left out."""
        own = (lane for lane in self._lanes.values() if lane.key.source in self._own_sources())
        states = (lane for lane in own if lane.bouts and not lane.is_point)
        return tuple(lane.track((lane.bouts[0].onset_ns, lane.bouts[0].end_ns)) for lane in states)

    def _own_sources(self) -> frozenset[str]:
        return frozenset(f"{kind}:{self.coder}" for kind in self._stores)

    def _store(self, kind: str) -> Store:
        if kind not in self._stores:
            raise UsageError("no log of this kind is open", got=kind, expected=", ".join(self._stores))
        return self._stores[kind]

    def _write(self, store: Store, action: Callable[[], object]) -> None:
        n_before = len(store.log.records)
        self._set_status("saving")
        trouble = self._trouble
        try:
            action()
            trouble = None
        except StorageError as error:
            trouble = error
            kept = len(store.log.records) > n_before or (store.log.unsaved and not store.log.read_only)
            if not kept:
                raise
        finally:
            self._settle_status(trouble)
            self._refresh()

    def _settle_status(self, trouble: StorageError | None) -> None:
        unsaved = [store.log for store in self._stores.values() if store.log.unsaved]
        self._trouble = trouble if unsaved else None
        here = all(log.kept_here for log in unsaved)
        self._set_status("saved" if not unsaved else "saved here" if here else "NOT SAVED")

    def _set_status(self, status: Status) -> None:
        if status != self._status:
            self._status = status
            self.status_changed.emit()

    def _refresh(self) -> None:
        """Make the lanes anew whose bouts differ from before, and tell the views."""
        changed, before = set(), self._decisions
        self._decisions = {}
        for kind, store in self._stores.items():
            by_tier: dict[str, dict[str, LoggedBout]] = {}
            for id_, bout in store.bouts.items():
                by_tier.setdefault(bout.tier, {})[id_] = bout
            for tier, bouts in by_tier.items():
                if tier.partition("/")[2].startswith(DECISIONS):
                    for id_, bout in bouts.items():
                        source = bout.attributes.get("source", "")
                        self._decisions[(tier, bout.onset_ns, bout.offset_ns, source)] = (id_, bout)
            for key in [key for key in self._lanes if key.source == f"{kind}:{self.coder}"]:
                bouts = by_tier.get(key.tier, {})
                if bouts != self._standing.get(key, {}) or self._lanes[key].editable != self._editable(key):
                    self._lanes[key] = self._lane(key, bouts)
                    changed.add(key)
        if changed:
            self.lanes_changed.emit(frozenset(changed))
        if self._decisions != before:
            self.decided.emit()
