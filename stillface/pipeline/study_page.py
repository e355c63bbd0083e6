"""The statistics of a study as tables for people: rounded, in words, the chief measures only."""

from __future__ import annotations

from collections.abc import Iterator

from stillface.domain.protocol import Protocol
from stillface.pipeline.study_change import ChangeRow
from stillface.pipeline.study_files import Statistics
from stillface.pipeline.study_stats import MODELLED, ExclusionRow
from stillface.pipeline.study_survival import survival_table
from stillface.pipeline.study_transitions import transition_table
from stillface.report.privacy import without_paths
from stillface.report.study_tables import StudyTable
from stillface.report.wording import event_label, measure_label, role_label, rounded

__all__ = ["page_tables"]

_ALL = "all"
_FULL = "All rows stand in exports/statistics/{}."


def page_tables(protocol: Protocol, statistics: Statistics) -> tuple[StudyTable, ...]:
    """Give the tables that have rows, in the order of the page."""
    makers = (
        _effects, _models, _groups, _survival, _chance, _contingency, _transitions, _events, _changes,
        _missing, _exclusions,
    )  # fmt: skip
    return tuple(table for make in makers if (table := make(protocol, statistics)).rows)


def _survival(protocol: Protocol, statistics: Statistics) -> StudyTable:
    return survival_table(protocol, statistics.survival)


def _transitions(protocol: Protocol, statistics: Statistics) -> StudyTable:
    return transition_table(protocol, statistics.transitions)


def _effects(protocol: Protocol, statistics: Statistics) -> StudyTable:
    rows = tuple(
        (
            effect.contrast,
            effect.group or _ALL,
            *_named(protocol, effect.role, effect.scheme_id, effect.measure, effect.match_rule),
            _number(effect.mean_difference),
            "–" if effect.t is None else f"{rounded(effect.t)} ({effect.df})",
            _p(effect.p),
            _number(effect.d_z),
            _number(effect.d_av),
            str(effect.n_families),
        )
        for effect in statistics.effects
        if effect.measure in MODELLED and not effect.code
    )
    return StudyTable(
        "effects",
        "Contrasts, tested",
        "Paired over families; sessions of one family are averaged first. d_z: mean difference / SD of the "
        "differences; d_av: mean difference / mean of the two SDs. p is not corrected for the number of "
        "rows. " + _FULL.format("effects.csv"),
        (
            "Contrast",
            "Group",
            "Who",
            "Measure",
            "Rule",
            "Difference",
            "t (df)",
            "p",
            "d_z",
            "d_av",
            "Families",
        ),
        rows,
        "norms_none",
    )


def _models(protocol: Protocol, statistics: Statistics) -> StudyTable:
    rows = tuple(
        (
            model.term or "–",
            *_named(protocol, model.role, model.scheme_id, model.measure, model.match_rule),
            _number(model.estimate),
            _number(model.se),
            "–" if model.ci_low is None else f"{_number(model.ci_low)} to {_number(model.ci_high)}",
            _p(model.p),
            f"{model.n_dyads} / {model.n_families}",
            model.remark,
        )
        for model in statistics.models
        if not model.code
    )
    return StudyTable(
        "models",
        "Mixed models",
        "Fixed effects of episode (and group, and the study's covariates) with dyads random within families; "
        "the first episode and group are the reference, numbers are centred. "
        + _FULL.format("mixed_models.csv"),
        ("Term", "Who", "Measure", "Rule", "Estimate", "SE", "95 %", "p", "Dyads / families", "Remark"),
        rows,
        "norms_none",
        folded=True,
    )


def _groups(protocol: Protocol, statistics: Statistics) -> StudyTable:
    several = len({group.group for group in statistics.groups}) > 1
    rows = tuple(
        (
            group.group or "not recorded",
            group.episode_id,
            *_named(protocol, group.role, group.scheme_id, group.measure, group.match_rule),
            _number(group.mean),
            _number(group.sd),
            _number(group.median),
            f"{_number(group.minimum)} to {_number(group.maximum)}",
            str(group.n_values),
            str(group.n_missing),
        )
        for group in statistics.groups
        if several and group.measure in MODELLED and not group.code and "-" not in group.episode_id
    )
    return StudyTable(
        "groups",
        "By group",
        "Group of the focal person. " + _FULL.format("groups.csv"),
        ("Group", "Episode", "Who", "Measure", "Rule", "Mean", "SD", "Median", "Range", "n", "Missing"),
        rows,
        "norms_none",
        folded=True,
    )


def _chance(protocol: Protocol, statistics: Statistics) -> StudyTable:
    rows = tuple(
        (
            measure_label(chance.measure),
            chance.episode_id,
            chance.scheme_id,
            chance.match_rule or "–",
            _number(chance.observed),
            _number(chance.expected),
            f"{_number(chance.null_low)} to {_number(chance.null_high)}",
            _p(chance.p),
            str(chance.n_dyads),
            chance.surrogate.replace("_", " "),
        )
        for chance in statistics.chance
    )
    return StudyTable(
        "chance",
        "Beside chance",
        "Means over dyads, and the band that holds 95 % of such means between strangers, in shuffled "
        "stretches, or with phases drawn at random. The peak is the largest absolute correlation over lags.",
        (
            "Measure", "Episode", "Schemes", "Rule", "Observed", "By chance", "95 % by chance", "p", "Dyads",
            "Surrogate",
        ),
        rows,
        "individual",
    )  # fmt: skip


def _contingency(protocol: Protocol, statistics: Statistics) -> StudyTable:
    rows = tuple(
        (
            row.code.replace(">", " → "),
            row.episode_id,
            row.scheme_id,
            _number(row.ln_or),
            "–" if row.ln_or_low is None else f"{_number(row.ln_or_low)} to {_number(row.ln_or_high)}",
            _number(row.yule_q),
            _number(row.adjusted_residual),
            _p(row.p),
            f"{row.n_sessions} / {row.n_families}",
        )
        for row in statistics.contingency
        if row.ln_or is not None
    )
    return StudyTable(
        "contingency",
        "Who answers whom",
        "Onsets of the second within 3 s after an onset of the first, pooled over sessions: log odds ratio "
        "with its 95 % interval when families are drawn with replacement, Yule's Q, adjusted residual, and p "
        "against surrogates. " + _FULL.format("contingency.csv"),
        ("Given → target", "Episode", "Schemes", "ln(OR)", "95 %", "Q", "z", "p", "Sessions / families"),
        rows,
        "causal",
        folded=True,
    )


def _events(protocol: Protocol, statistics: Statistics) -> StudyTable:
    rows = tuple(
        (
            event_label(protocol, row.event),
            row.episode_id,
            role_label(protocol, row.role),
            measure_label(row.quantity),
            " · ".join(part for part in (row.scheme_id, row.match_rule) if part) or "–",
            _number(row.change),
            "–" if row.ci_low is None else f"{_number(row.ci_low)} to {_number(row.ci_high)}",
            _number(row.random_mean),
            _p(row.p),
            f"{row.n_events} ({row.n_left_out})",
            f"{row.n_sessions} / {row.n_families}",
        )
        for row in statistics.events
    )
    return StudyTable(
        "events_table",
        "Heart and skin around events",
        "Mean after the event minus mean before it, over all events; the 95 % interval draws families, each "
        "with all its events. At random: the same at random times of the same episode; p: how often that is "
        "as far from its own mean. p is not corrected for the number of rows. " + _FULL.format("events.csv"),
        (
            "Event", "Episode", "Whose body", "Measure", "Told by", "Change", "95 %", "At random", "p",
            "Events (left out)", "Sessions / families",
        ),
        rows,
        "causal",
        folded=True,
    )  # fmt: skip


def _changes(protocol: Protocol, statistics: Statistics) -> StudyTable:
    groups: dict[tuple[str, str, str], list[ChangeRow]] = {}
    for change in statistics.changes:
        groups.setdefault((change.contrast, change.role, change.measure), []).append(change)
    rows = []
    for (contrast, role, measure), parts in groups.items():
        values = [part.change for part in parts]
        marked = [part.suppressor for part in parts if part.suppressor is not None]
        rows.append(
            (
                contrast,
                role_label(protocol, role),
                measure_label(measure),
                _number(sum(values) / len(values)),
                f"{_number(min(values))} to {_number(max(values))}",
                _number(parts[0].slope),
                f"{sum(marked)} of {len(marked)}" if marked else "–",
                str(len(values)),
                parts[0].remark,
            )
        )
    return StudyTable(
        "changes",
        "Change of heart and skin",
        "The first episode minus the second. Slope: of the later level on the earlier; what it does not "
        "foretell is each session's residualised change. Below: how many changes of RSA are below "
        f"{_number(protocol.suppressor_below)}, the protocol's threshold of suppression; the change itself "
        "says more than the mark. " + _FULL.format("autonomic_change.csv"),
        ("Contrast", "Who", "Measure", "Mean", "Range", "Slope", "Below", "Sessions", "Remark"),
        tuple(rows),
        "individual",
        folded=True,
    )


def _missing(protocol: Protocol, statistics: Statistics) -> StudyTable:
    rows = tuple(
        (
            row.episode_id,
            role_label(protocol, row.role),
            measure_label(row.measure),
            row.scheme_id,
            str(row.n_with),
            str(row.n_without),
            _number(row.negative_with),
            _number(row.negative_without),
        )
        for row in statistics.missing
        if row.n_without
    )
    return StudyTable(
        "missing",
        "Missing physiology by distress",
        "Share of time (%) that the person was negative, in sessions with and without a value. "
        + _FULL.format("missing_physiology.csv"),
        ("Episode", "Who", "Measure", "Scheme", "With", "Without", "Negative, with", "Negative, without"),
        rows,
        "missing_not_random",
    )


def _exclusions(protocol: Protocol, statistics: Statistics) -> StudyTable:
    return StudyTable(
        "exclusions",
        "Left out, and why",
        "Sessions that could not be processed, streams of which no coding is analysed, then values that are "
        "missing, withheld or not defined, by reason. " + _FULL.format("exclusions.csv"),
        ("Reason", "Who", "Scheme", "Episode", "Sessions", "Values"),
        tuple(_left_out(protocol, statistics.exclusions)),
        "missing_not_random",
    )


def _left_out(protocol: Protocol, exclusions: tuple[ExclusionRow, ...]) -> Iterator[tuple[str, ...]]:
    sums: dict[tuple[bool, str, str, str, str], tuple[set[str], int]] = {}
    for row in exclusions:
        if not row.n_rows:
            who = role_label(protocol, row.role) if row.role else "–"
            reason = str(without_paths(row.reason)) if row.status == "not processed" else row.reason
            yield reason, who, row.scheme_id or "–", "–", row.session_id, "all"
            continue
        # What is not defined is no loss: it comes last.
        lost = not row.status.startswith("NA_")
        key = not lost, row.reason, role_label(protocol, row.role), row.scheme_id or "–", row.episode_id
        sessions, n = sums.setdefault(key, (set(), 0))
        sums[key] = ({*sessions, row.session_id}, n + row.n_rows)
    for (_, *words), (sessions, n) in sorted(sums.items()):
        yield *words, str(len(sessions)), str(n)


def _named(protocol: Protocol, role: str, scheme_id: str, measure: str, rule: str) -> tuple[str, str, str]:
    who = " · ".join(part for part in (role_label(protocol, role), scheme_id) if part)
    return who, measure_label(measure), rule or "–"


def _number(value: float | None) -> str:
    return "–" if value is None else rounded(value)


def _p(value: float | None) -> str:
    if value is None:
        return "–"
    return "< .001" if value < 0.001 else f"{value:.3f}".removeprefix("0")
