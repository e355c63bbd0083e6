"""What other programs would print for the same pair of codings, and why the figures differ.

Written from what each program does as seen from outside. The tests run BORIS itself, 8 and 9 with its
plugins, beside it; GSEQ and ELAN follow their published descriptions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillface.agreement.align_events import EventRule, event_kappa, nil_kappa, overlapping, table_of_pairs
from stillface.agreement.kappa import confusion_ns, kappa_from_confusion
from stillface.agreement.tolerance import in_units, tolerant_kappa
from stillface.domain.clock import NS_PER_S
from stillface.domain.states import UNCODED, Bouts, StateTrack, align

__all__ = ["OtherProgram", "side_by_side"]

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class OtherProgram:
    """One figure of one program.

    Parameters
    ----------
    program, method : str
    kappa : float, optional
        None with a ``reason`` where undefined.
    why : str
        One sentence: what makes it differ from time-weighted kappa.
    """

    program: str
    method: str
    kappa: float | None
    why: str
    reason: str | None = None


def side_by_side(
    first: StateTrack, second: StateTrack, unit_ns: int = NS_PER_S, tolerance_ns: int = 2 * NS_PER_S
) -> tuple[OtherProgram, ...]:
    """Give our own kappa and the figures of BORIS, GSEQ and ELAN for one pair of streams.

    Parameters
    ----------
    first, second : StateTrack
        Under the same scheme.
    unit_ns : int
        Unit for the programs that count units.
    tolerance_ns : int
        GSEQ's tolerance, of units and of onsets.
    """
    exact = kappa_from_confusion(confusion_ns(first, second))
    ours = OtherProgram(
        "stillface",
        "time-weighted, exact",
        exact.kappa,
        "Every moment that both coded counts by its duration; nothing is sampled and gaps are left out.",
        exact.reason,
    )
    if not first.bouts().onsets_ns.size or not second.bouts().onsets_ns.size:
        return (ours,)
    return (
        ours,
        _boris_time_unit(first, second, unit_ns),
        *_boris_plugins(first, second),
        *_gseq(first, second, unit_ns, tolerance_ns),
        *_elan(first, second),
    )


def _boris_time_unit(first: StateTrack, second: StateTrack, unit_ns: int) -> OtherProgram:
    """Count the codes at every grid time from the first onset to the last offset, both included."""
    span = _coded_span(first, second)
    times = np.arange(span[0], span[1] + 1, unit_ns, dtype=np.int64)
    labels = np.stack([_codes_touching(track, times) for track in (first, second)])
    kappa, reason = _kappa_of_labels(labels)
    return OtherProgram(
        "BORIS",
        f"Cohen's kappa, time unit {unit_ns / NS_PER_S:g} s",
        kappa,
        "Looks at single moments on a grid from the first to the last coded event; at a border both codes "
        "count together as a code of their own, and time without a code counts as agreement on nothing.",
        reason,
    )


def _boris_plugins(first: StateTrack, second: StateTrack) -> tuple[OtherProgram, OtherProgram]:
    """Count stretches between borders, once each and by their length; no code at all is a code of its own."""
    codes, durations_ns = _between_borders(first, second)
    kappa, reason = _kappa_of_labels(codes)
    weighted, weighted_reason = _kappa_of_labels(codes, durations_ns)
    return (
        OtherProgram(
            "BORIS",
            "unweighted kappa (plugin)",
            kappa,
            "Every stretch between two borders of either coder counts once, so a border that slips by a "
            "frame weighs as much as a bout of a minute.",
            reason,
        ),
        OtherProgram(
            "BORIS",
            "weighted kappa (plugin)",
            weighted,
            "Stretches count by their length, but time that one or both left without a code counts, too: as "
            "disagreement, and as agreement on nothing.",
            weighted_reason,
        ),
    )


def _gseq(first: StateTrack, second: StateTrack, unit_ns: int, tolerance_ns: int) -> tuple[OtherProgram, ...]:
    span = _coded_span(first, second)
    span = span[0], max(span[1], span[0] + unit_ns)
    one, other = (in_units(track, unit_ns, span) for track in (first, second))
    plain = kappa_from_confusion(confusion_ns(one, other))
    tolerant = tolerant_kappa(one, other, tolerance_ns)
    events = event_kappa(first, second, EventRule(onset_ns=tolerance_ns))
    unit, width = f"{unit_ns / NS_PER_S:g} s", f"{tolerance_ns / NS_PER_S:g} s"
    return (
        OtherProgram(
            "GSEQ",
            f"time-unit kappa, unit {unit}",
            plain.kappa,
            "Each unit gets the one code that fills most of it, so short bouts vanish and borders round.",
            plain.reason,
        ),
        OtherProgram(
            "GSEQ",
            f"time-unit kappa, tolerance {width}, mean of both ways",
            tolerant.mean_kappa,
            "A unit agrees if the other coder has its code within the tolerance: shifted borders are "
            "forgiven, and short bouts that were missed may be too.",
            tolerant.first_as_reference.reason or tolerant.second_as_reference.reason,
        ),
        OtherProgram(
            "GSEQ",
            f"event-alignment kappa, onsets within {width}",
            events.kappa,
            "Counts bouts and not time: a missed bout of half a second weighs as much as a missed minute.",
            events.reason,
        ),
    )


def _elan(first: StateTrack, second: StateTrack, overlap: float = 0.6) -> tuple[OtherProgram, ...]:
    """Link bouts that share 60 % of the longer one, after Holle and Rein; unlinked ones are nil."""
    size = len(first.scheme.codes)
    one, other = first.bouts(), second.bouts()
    table = table_of_pairs(one.codes, other.codes, overlapping(one, other, overlap), size)
    kappa, _, _, reason = nil_kappa(table)
    paired = kappa_from_confusion(table[:-1, :-1])
    return (
        OtherProgram(
            "ELAN",
            "modified Cohen's kappa (Holle and Rein), 60 % overlap, unlinked included",
            kappa,
            "Counts annotations and not time; two are linked when they share 60 % of the longer one, and "
            "those without a partner count as disagreement.",
            reason,
        ),
        OtherProgram(
            "ELAN",
            "the same, unlinked left out",
            paired.kappa,
            "Only linked annotations count: what one coder missed is not in the figure.",
            paired.reason if paired.agreement is not None else "no two annotations are linked",
        ),
    )


def _coded_span(first: StateTrack, second: StateTrack) -> tuple[int, int]:
    bouts = first.bouts(), second.bouts()
    return (
        min(int(found.onsets_ns[0]) for found in bouts),
        max(int(found.offsets_ns[-1]) for found in bouts),
    )


def _between_borders(first: StateTrack, second: StateTrack) -> tuple[Int64, Int64]:
    """Give both coders' codes and the length of every stretch, from the first coded moment to the last."""
    both = align(first.merged(), second.merged())
    gap = np.append(first.scheme.gap_mask, True)
    codes = np.where(gap[both.codes], UNCODED, both.codes).astype(np.int64)
    coded = np.flatnonzero((codes != UNCODED).any(axis=0))
    span = slice(int(coded[0]), int(coded[-1]) + 1)
    return codes[:, span], both.durations_ns[span]


def _codes_touching(track: StateTrack, times: Int64) -> Int64:
    """Give a number for the set of codes whose closed interval holds each time."""
    bouts = track.bouts()
    base = len(track.scheme.codes) + 1
    begun = np.searchsorted(bouts.onsets_ns, times, side="right") - 1
    now, also = (_if_open(bouts, place, times) for place in (begun, begun - 1))
    return np.asarray(np.maximum(now, also) * base + np.where(now == also, 0, np.minimum(now, also)))


def _if_open(bouts: Bouts, place: Int64, times: Int64) -> Int64:
    """Give code + 1 of the bout at each place if it has not ended before the time, else 0."""
    at = np.clip(place, 0, None)
    return np.where((place >= 0) & (bouts.offsets_ns[at] >= times), bouts.codes[at].astype(np.int64) + 1, 0)


def _kappa_of_labels(labels: Int64, weights: Int64 | None = None) -> tuple[float | None, str | None]:
    """Give plain kappa of two rows of labels, each column once or by its weight."""
    _, index = np.unique(labels, return_inverse=True)
    a, b = index.reshape(labels.shape)
    table = np.zeros((int(index.max()) + 1,) * 2)
    np.add.at(table, (a, b), 1 if weights is None else weights)
    found = kappa_from_confusion(table)
    return found.kappa, found.reason
