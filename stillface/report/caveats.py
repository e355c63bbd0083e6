"""The notices that a report must carry, word for word, and where (SPEC 8)."""

from __future__ import annotations

from dataclasses import dataclass

from stillface.domain.protocol import Protocol
from stillface.errors import FieldError

__all__ = ["CAVEATS", "HEADER", "Caveat", "header_caveats"]


@dataclass(frozen=True)
class Caveat:
    """One notice.

    Parameters
    ----------
    id : str
        What protocols name.
    text : str
        Shown as it is.
    """

    id: str
    text: str


CAVEATS = {
    caveat.id: caveat
    for caveat in (
        Caveat(
            "dyad_not_verdict",
            "These timings describe this dyad in this setting. They are not a measure of a caregiver's "
            "worth or of a child's attachment.",
        ),
        Caveat(
            "culture",
            "Norms for gaze, expressiveness, touch and soothing differ between families and communities. "
            "Match rules and codes carry assumptions; choose and report yours.",
        ),
        Caveat(
            "mismatch_normal",
            "Mismatch is the larger part of ordinary interaction; repair, not constant matching, is the "
            "point.",
        ),
        Caveat(
            "auto_proposal",
            "Automatic codes are proposals. Negative affect and withdrawal are unreliable from faces alone "
            "(published neg-vs-neutral AUC .58).",
        ),
        Caveat(
            "age_limit",
            "Face models are trained on adults. Under about 6 months, and with profile view, pacifier, "
            "hands, hats or low light, tracking often fails. Check coverage by episode.",
        ),
        Caveat(
            "missing_not_random",
            "Lost tracking and lost ECG happen more when infants cry or turn away; that can hide distress.",
        ),
        Caveat(
            "rule_dependent",
            "Percent matched and repair latency depend on rule, time base and minimum duration (same 20 s: "
            "28–67 %).",
        ),
        Caveat(
            "procedure_only",
            "The still-face is a supervised research procedure; do not use it as a home exercise or lesson. "
            "End it if the infant is in hard distress.",
        ),
        Caveat(
            "norms_none",
            "No norms are built in. Published group means are from other samples, ages and methods.",
        ),
        Caveat(
            "individual",
            "Patterns vary between dyads; the same strategy can help in one context and harm in another; "
            "more synchrony is not always better.",
        ),
        Caveat("causal", "Leading in time is not causing."),
        Caveat(
            "adult_exploratory",
            "Use with couples or therapy sessions extends an infant paradigm; treat as exploratory.",
        ),
        Caveat("no_diagnosis", "Research use. Not a diagnostic device."),
    )
}

HEADER = ("dyad_not_verdict", "culture", "no_diagnosis", "norms_none")
"""On every page, whatever the protocol says."""


def header_caveats(protocol: Protocol) -> tuple[Caveat, ...]:
    """Give the notices of a page's header: the mandatory ones, then those the protocol names.

    Raises
    ------
    FieldError
        The protocol names a notice that does not exist.
    """
    for name in protocol.caveats:
        if name not in CAVEATS:
            raise FieldError(
                "no such caveat",
                where=f"Protocol[{protocol.id}].caveats",
                got=name,
                expected="one of " + ", ".join(CAVEATS),
            )
    return tuple(CAVEATS[name] for name in dict.fromkeys((*HEADER, *protocol.caveats)))
