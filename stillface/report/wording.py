"""Words and rounded numbers for people; the tables hold the full ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stillface.domain.autonomic import BODY_QUANTITIES
from stillface.domain.protocol import Protocol
from stillface.domain.results import Measurement, Status

__all__ = [
    "CENSORED_WORDS",
    "ROUNDING",
    "STATUS_WORDS",
    "code_label",
    "coders_label",
    "contrast_kinds",
    "contrast_label",
    "described",
    "event_label",
    "flag_words",
    "measure_label",
    "role_label",
    "rounded",
    "shown_number",
    "shown_seconds",
    "source_label",
    "status_words",
    "unit_label",
]

ROUNDING = (
    "Numbers are rounded for reading: two decimals, one from 100 upwards, three significant digits below "
    "0.1, counts whole. The exported tables hold the full values."
)

STATUS_WORDS = {
    Status.OK: "observed",
    Status.CENS_EP_END: "not seen by the episode's end; the value is the time observed",
    Status.CENS_GAP: "observation cut by a gap; the value is the time observed",
    Status.CENS_STOP: "episode stopped early; the value is the time observed",
    Status.NA_STRUCT: "not defined here by the protocol",
    Status.NA_NOBOUT: "no bout of this code",
    Status.NA_NOTATRISK: "not at risk: already in the target state",
    Status.NA_NOTREACHED: "median not reached",
    Status.NA_CONST: "not defined: no variation",
    Status.MISS_UNSCORABLE: "missing: nothing scorable",
    Status.MISS_LOWCOV: "missing: coverage too low",
    Status.MISS_LOWN: "missing: too few observations",
    Status.MISS_TECH: "missing: technical",
    Status.MISS_EPISODE: "missing: episode not run or ended earlier",
    Status.MISS_NOTCODED: "missing: not coded",
    Status.WITHHELD_CONSENT: "withheld: consent",
    Status.WITHDRAWN: "withdrawn",
}

CENSORED_WORDS = {
    Status.CENS_EP_END: "censored at the episode's end",
    Status.CENS_GAP: "censored at a gap",
    Status.CENS_STOP: "censored: episode stopped",
}

_MEASURES = {
    "pct_time": "time in code",
    "pct_negative": "time negative",
    "pct_neutral": "time neutral",
    "pct_positive": "time positive",
    "raw_pct": "share of the whole episode",
    "frequency": "bouts or events",
    "rate_per_min": "bouts or events per scorable minute",
    "bout_mean_s": "bout duration, mean",
    "bout_median_s": "bout duration, median",
    "bout_sd_s": "bout duration, SD",
    "bout_complete_mean_s": "bout duration, mean of complete bouts",
    "bout_complete_median_s": "bout duration, median of complete bouts",
    "bout_complete_sd_s": "bout duration, SD of complete bouts",
    "latency_s": "latency to first bout or event",
    "pct_match": "time matched",
    "pct_mismatch": "time mismatched",
    "pct_shared_negative": "time shared negative",
    "pct_match_expected": "match expected by chance",
    "match_bout_mean_s": "match bout, mean",
    "match_bout_median_s": "match bout, median",
    "match_bout_complete_mean_s": "match bout, mean of complete bouts",
    "match_bout_complete_median_s": "match bout, median of complete bouts",
    "mismatch_bout_mean_s": "mismatch bout, mean",
    "mismatch_bout_median_s": "mismatch bout, median",
    "mismatch_bout_complete_mean_s": "mismatch bout, mean of complete bouts",
    "mismatch_bout_complete_median_s": "mismatch bout, median of complete bouts",
    "n_repair": "repairs",
    "n_repair_joint": "repairs, both at once",
    "repair_rate_per_min": "repairs per scorable minute",
    "n_mismatch_onset": "mismatch onsets",
    "n_mismatch_onset_joint": "mismatch onsets, both at once",
    "n_first_mover_joint": "first moves, both at once",
    "mismatch_onset_rate_per_min": "mismatch onsets per scorable minute",
    "n_shared_negative_to_match": "shared negative to match",
    "repair_latency_anchored_s": "repair latency, anchored mean",
    "repair_latency_km_median_s": "repair latency, Kaplan-Meier median",
    "prop_repaired": "share of mismatches repaired",
    "repair_rate_expected_per_min": "repairs per scorable minute by chance",
    "n_repair_up": "repairs upwards in valence",
    "n_repair_flat": "repairs at level valence",
    "n_repair_down": "repairs downwards in valence",
    "recovery_latency_s": "recovery latency",
    "return_to_baseline_s": "return to baseline",
    "recovery_ratio": "recovery ratio",
    "transition_entropy_bit": "transition entropy",
    "contingency_ln_or": "contingency, log odds ratio",
    "contingency_yule_q": "contingency, Yule's Q",
    "contingency_z": "contingency, adjusted residual",
    "synchrony_r0": "correlation at lag 0",
    "synchrony_n_effective": "correlation, effective n",
    "synchrony_r0_null": "correlation at lag 0, null band",
    "synchrony_peak_r": "peak correlation",
    "synchrony_peak_lag_s": "lag of the peak correlation",
    "in_phase_share": "share of time in phase",
    "anti_phase_share": "share of time in anti-phase",
    "grid_dispersion": "grid, dispersion",
    "grid_cells": "grid, cells visited",
    "grid_visits": "grid, visits",
    "grid_mean_visit_s": "grid, mean visit",
    "grid_transitions_per_min": "grid, moves per minute",
    "grid_return_s": "grid, time to return",
    "duration_entropy_nat": "grid, entropy of time",
    "visit_entropy_nat": "grid, entropy of visits",
    "slope_pct_per_min": "slope within the episode",
    "breach_pct": "time in breach of the still face",
    "n_breach": "breaches of the still face",
    "n_moment": "coded moments",
    "moment_pct_before": "time in target before a moment",
    "moment_pct_after": "time in target after a moment",
    "moment_recovery_km_median_s": "recovery after a moment, Kaplan-Meier median",
    "prop_moment_recovered": "share of moments recovered",
    "turn_gap_mean_s": "gap between turns, mean",
    "turn_pause_mean_s": "pause within a speaker, mean",
    "turn_overlap_pct": "time of overlapping voices",
    "n_turn_overlap": "overlaps of voices",
    "score_mean": "score, mean",
    "score_sd": "score, standard deviation",
    "hr_bpm": "heart rate",
    "ibi_ms": "inter-beat interval",
    "rmssd_ms": "RMSSD",
    "rsa_ln_ms2": "RSA",
    "scl_us": "skin conductance level",
    "scr_per_min": "skin conductance responses per minute",
    "event_ibi_change_ms": "inter-beat interval, change after an event",
    "event_ibi_change_low_ms": "inter-beat interval, change after an event, 95 % from",
    "event_ibi_change_high_ms": "inter-beat interval, change after an event, 95 % to",
    "event_ibi_random_ms": "inter-beat interval, change at random times",
    "event_scl_change_us": "skin conductance, change after an event",
    "event_scl_change_low_us": "skin conductance, change after an event, 95 % from",
    "event_scl_change_high_us": "skin conductance, change after an event, 95 % to",
    "event_scl_random_us": "skin conductance, change at random times",
}

# The rest of the name is the protocol's role id.
_BY_ROLE = {
    "n_repair_by_": "repairs completed by ",
    "n_mismatch_onset_by_": "mismatch onsets by ",
    "n_first_mover_by_": "first moves by ",
    "wcc_lead_share_": "share of windows led by ",
}

_UNITS = {
    "1/min": "per min",
    "bpm": "beats/min",
    "ln_ms2": "ln(ms²)",
    "ln(ms2)": "ln(ms²)",
    "uS": "µS",
    "us": "µS",
    "bouts": "",
    "events": "",
    "count": "",
    "ratio": "",
    "share": "",
}

_FLAGS = {
    "at_onset": "on at the episode's start",
    "low_coverage": "low coverage",
    "sync_not_measured": "agreement of the clocks not measured",
    "haldane": "0.5 added to empty cells",
}

_VALUED_FLAGS = {
    "n_censored": "{} censored",
    "sustain_s": "target held {} s",
    "confirmed_s": "confirmed at {} s",
    "gap_before_s": "{} s of it not seen",
    "rsa": "preset {}",
    "band": "band {}",
    "epochs": "{} epochs",
    "beats_corrected": "{} beats corrected by hand",
    "events": "{} events in all",
    "sync_error_ms": "clocks agree to {} ms",
    "at_edge": "{} left out: the window leaves the episode",
    "too_little_signal": "{} left out: too little signal",
    "signal_with_holes": "{} with holes in the signal",
    "windows_overlap": "{} windows overlap another",
    "bridge_gap_ms": "gaps up to {} ms bridged",
    "window_s": "window of {} s",
    "unit_s": "time in units of {} s",
    "step_s": "steps of {} s",
    "max_lag_s": "lags up to {} s",
    "min_n": "from {} steps on",
    "detrend": "detrended",
    "prewhiten": "prewhitened",
}

_FOUND_S = ("sustain_s", "confirmed_s", "gap_before_s")

_KINDS = {
    "human": "coder",
    "consensus": "consensus",
    "auto_reviewed": "auto, reviewed by",
    "auto": "auto, unreviewed",
}


_HOW_CODED = {
    "human": "by hand",
    "consensus": "consensus",
    "auto_reviewed": "auto, reviewed",
    "auto": "auto, unreviewed",
}


def measure_label(name: str) -> str:
    """Give a measure's name in words; one that nobody described keeps its own, spaced."""
    return described(name) or name.replace("_", " ")


def described(name: str) -> str | None:
    """Give the words that describe a measure; None where nobody wrote them (a plugin's)."""
    if name in _MEASURES:
        return _MEASURES[name]
    for prefix, words in _BY_ROLE.items():
        if name.startswith(prefix):
            return words + name.removeprefix(prefix)
    return None


def event_label(protocol: Protocol, event: str) -> str:
    """Give an event of the body in words: ``gaze_aversion:infant`` becomes ``gaze aversion of Infant``."""
    name, _, role = event.partition(":")
    return name.replace("_", " ") + (f" of {role_label(protocol, role)}" if role else "")


def code_label(measure: str, code: str) -> str:
    """Give what a row is about; some measures are of another measure, which their code names."""
    return _MEASURES.get(code, code) if measure == "recovery_ratio" or code in BODY_QUANTITIES else code


def status_words(status: Status, measure: str) -> str:
    """Say why a row has no value, or that it was observed; a ratio is not at risk of anything."""
    if measure == "recovery_ratio" and status is Status.NA_NOTATRISK:
        return "no still-face effect to recover from"
    if measure.startswith("event_") and status is Status.NA_NOBOUT:
        return "no such event"
    if measure.startswith("event_") and status is Status.MISS_LOWCOV:
        return "missing: too little signal around the events"
    if measure.startswith("event_") and status is Status.MISS_LOWN:
        return "missing: too few events with heart or skin around them"
    if "moment" in measure and status is Status.MISS_LOWCOV:
        return "missing: too little coded around the moments"
    return STATUS_WORDS[status]


def unit_label(unit: str) -> str:
    """Give a unit as people write it."""
    return _UNITS.get(unit, unit)


def flag_words(flag: str) -> str:
    """Give a flag in words; ``n_censored=2`` becomes ``2 censored``."""
    name, _, value = flag.partition("=")
    if name in _VALUED_FLAGS:
        # Seconds found are shown as times are; a step that somebody set is shown as it was set.
        shown = shown_seconds(float(value)) if name in _FOUND_S else value
        return _VALUED_FLAGS[name].format(shown)
    words = _FLAGS.get(name, name.replace("_", " "))
    return f"{words} {value}" if value else words


def role_label(protocol: Protocol, role_id: str) -> str:
    """Give the protocol's label of a role, or ``Dyad``."""
    if role_id == "dyad":
        return "Dyad"
    for role in protocol.roles:
        if role.id == role_id:
            return role.label or role.id
    return role_id


def source_label(source: str) -> str:
    """Say who coded a track, so that a machine's proposal never passes for a person's judgement."""
    kind, _, name = source.partition(":")
    return f"{_KINDS[kind]} ({name})" if kind == "auto" else f"{_KINDS[kind]} {name}"


def coders_label(coder_id: str, flags: Iterable[str]) -> str:
    """Say who coded what a row is about, and how where a machine had a part in it.

    Parameters
    ----------
    coder_id : str
        ``AB``, or ``AB+CD`` in role order.
    flags : iterable of str
        The row's; ``source=human+auto_reviewed`` where a machine had a part.
    """
    # Such as "MG (by hand + auto, reviewed)".
    source = next((flag.partition("=")[2] for flag in flags if flag.startswith("source=")), "")
    how = " + ".join(_HOW_CODED[kind] for kind in source.split("+")) if source else ""
    return f"{coder_id} ({how})" if how else coder_id


def contrast_label(protocol: Protocol, episode_id: str) -> str:
    """Name a contrast by the kinds of its episodes (SPEC 3.3, 5.2); empty where there is no usual name."""
    for pair in _kinds(protocol, episode_id):
        if pair[0] == "perturbation" and pair[1] in ("baseline", "interaction", "reunion"):
            return "still-face effect, reactivity"
        if pair == ("reunion", "perturbation"):
            return "reunion effect, recovery"
        if pair[0] == "reunion":
            return "carry-over"
    return ""


def contrast_kinds(protocol: Protocol, episode_id: str) -> str:
    """Say of which kinds of episodes a contrast is the difference: ``perturbation minus interaction``."""
    return next((f"{first} minus {second}" for first, second in _kinds(protocol, episode_id)), "")


def _kinds(protocol: Protocol, episode_id: str) -> Iterator[tuple[str, str]]:
    """Give the kinds of both episodes; an id may itself hold a hyphen, so every place to cut is tried."""
    kinds = {spec.id: spec.kind for spec in protocol.episodes}
    parts = episode_id.split("-")
    for cut in range(1, len(parts)):
        first, second = kinds.get("-".join(parts[:cut])), kinds.get("-".join(parts[cut:]))
        if first is not None and second is not None:
            yield first, second


def shown_number(row: Measurement) -> str:
    """Round a row's value for reading."""
    if row.value is None:
        return ""
    counted = row.measure == "frequency" or row.measure.startswith("n_") or row.unit == "count"
    return rounded(row.value, whole=counted and float(row.value).is_integer())


def rounded(value: float, *, whole: bool = False) -> str:
    """Round as ROUNDING says, with a true minus sign."""
    size = abs(value)
    if whole:
        text = f"{value:.0f}"
    elif size >= 99.95:
        text = f"{value:.1f}"
    elif size >= 0.1 or value == 0:
        text = f"{value:.2f}"
    else:
        text = f"{value:.3g}"
    return text.replace("-", "−")


def shown_seconds(seconds: float) -> str:
    """Give seconds with one decimal, as episodes are talked about."""
    return f"{seconds:.1f}".replace("-", "−")
