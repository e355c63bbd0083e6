"""study.yaml: what a study is, who takes part, and what the lab has decided for all its sessions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stillface.domain import refuse
from stillface.domain.study import RELEASE_LEVELS, Person, Study, Visit
from stillface.errors import FieldError, InputError
from stillface.io.durable import OS_FS, FileSystem, write_atomic
from stillface.io.measure_params_yaml import measure_params, params_plain
from stillface.io.migrate import SCHEMA_VERSION, check_version
from stillface.io.safe_paths import check_name
from stillface.io.shipped import find
from stillface.io.strict_yaml import Node, Plain, dump, load

__all__ = ["PrivacyPlan", "ReliabilityPlan", "StudyFile", "read_study", "study_text", "write_study"]

_HEADER = "# A stillface study, to be edited by hand too. Ages are days, never dates; no names of people.\n"
_SOURCES = ("consensus", "human", "auto_reviewed", "auto")
_STRATA = ("group", "sex", "age", "site")


@dataclass(frozen=True)
class ReliabilityPlan:
    """Which share of the sessions two people code, and over what they are spread.

    Parameters
    ----------
    share : float
        Of all sessions, 0 to 1.
    stratify_by : tuple of str
        Of ``group, sex, age, site``.
    age_band_days : int
        Width of an age band, from birth.
    seed : int, optional
        Of the draw; None until sessions have been drawn.
    sessions : tuple of str
        Sessions drawn so far; what was drawn stays drawn when the study grows.
    masters : mapping of session_id to coder
        Sessions that coders certify against, and whose codes are the standard.
    labels : mapping of str to float
        Smallest kappa that bears each word: a label, not a verdict.
    drift_drop : float
        A month whose kappa lies this much below the earlier months opens a list to recode.
    """

    share: float = 0.2
    stratify_by: tuple[str, ...] = ()
    age_band_days: int = 91
    seed: int | None = None
    sessions: tuple[str, ...] = ()
    masters: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, float] = field(default_factory=lambda: {"acceptable": 0.6, "good": 0.7})
    drift_drop: float = 0.1

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise FieldError("not a share", where="ReliabilityPlan.share", got=self.share, expected="0 to 1")
        if self.age_band_days < 1:
            raise FieldError(
                "too small", where="ReliabilityPlan.age_band_days", got=self.age_band_days, expected=">= 1"
            )
        refuse.unique("ReliabilityPlan", "sessions", self.sessions)
        for name, value in (*self.labels.items(), ("drift_drop", self.drift_drop)):
            if not -1 <= refuse.finite("ReliabilityPlan", name, value) <= 1:
                raise FieldError(
                    "not a kappa", where=f"ReliabilityPlan.{name}", got=value, expected="-1 to 1"
                )


@dataclass(frozen=True)
class PrivacyPlan:
    """What shared copies may hold unless an export asks for less.

    Parameters
    ----------
    min_cell : int
        Exported groups smaller than this are warned of.
    audio : bool
        Whether shared copies keep their sound.
    """

    min_cell: int = 5
    audio: bool = False

    def __post_init__(self) -> None:
        if self.min_cell < 1:
            raise FieldError(
                "too small", where="PrivacyPlan.min_cell", got=self.min_cell, expected="at least 1"
            )


@dataclass(frozen=True)
class StudyFile:
    """Everything in study.yaml."""

    study: Study
    reliability: ReliabilityPlan = field(default_factory=ReliabilityPlan)
    privacy: PrivacyPlan = field(default_factory=PrivacyPlan)


def read_study(path: Path) -> StudyFile:
    """Read study.yaml.

    Raises
    ------
    InputError
        At file:line: an unknown key, a wrong type, a value the domain refuses, a newer version.
    """
    root = load(path)
    check_version(root)
    fields = root.fields(
        required=("schema_version", "study_id", "protocol"),
        optional=(
            "title", "schemes", "rules", "coders", "analysis", "measures", "reliability", "privacy",
            "persons", "visits",
        ),
    )  # fmt: skip
    persons = tuple(_person(node) for node in _items(fields, "persons"))
    visits = tuple(
        _visit(node, {person.person_id for person in persons}) for node in _items(fields, "visits")
    )
    analysis = _analysis(fields)
    defaults = Study("x", "x")
    study = root.build(
        Study,
        study_id=fields["study_id"].build(check_name, "study_id", fields["study_id"].text()),
        protocol_id=_defined(fields["protocol"], "protocols", path),
        title=fields["title"].text() if "title" in fields else "",
        schemes={
            role: tuple(_defined(node, "schemes", path) for node in ids.items())
            for role, ids in (fields["schemes"].entries() if "schemes" in fields else {}).items()
        },
        rules=tuple(_defined(node, "rules", path) for node in _items(fields, "rules")),
        persons=persons,
        visits=visits,
        coders=_texts(fields, "coders"),
        analysis_sources=tuple(node.choice(_SOURCES) for node in analysis["sources"].items())
        if "sources" in analysis
        else defaults.analysis_sources,
        min_coverage=analysis["min_coverage"].number()
        if "min_coverage" in analysis
        else defaults.min_coverage,
        covariates=analysis["covariates"].texts() if "covariates" in analysis else defaults.covariates,
        measures=measure_params(fields["measures"]) if "measures" in fields else defaults.measures,
    )
    return StudyFile(study, _reliability(fields.get("reliability")), _privacy(fields.get("privacy")))


def _analysis(fields: dict[str, Node]) -> dict[str, Node]:
    known = ("sources", "min_coverage", "covariates")
    return fields["analysis"].fields(optional=known) if "analysis" in fields else {}


def _items(fields: dict[str, Node], key: str) -> tuple[Node, ...]:
    return fields[key].items() if key in fields else ()


def _texts(fields: dict[str, Node], key: str) -> tuple[str, ...]:
    return fields[key].texts() if key in fields else ()


def _defined(node: Node, kind: str, path: Path) -> str:
    """Accept the id of a protocol, scheme or rule that ships or stands in the study's own folder."""
    try:
        find(kind, node.text(), path.parent)
    except InputError as error:
        raise (
            error if error.where else node.error(error.what, expected=error.expected, fix=error.fix)
        ) from error
    return node.text()


def _person(node: Node) -> Person:
    fields = node.fields(
        required=("person_id",),
        optional=("family_id", "sex", "group", "gestational_age_days", "release_level"),
    )
    values: dict[str, str] = {
        key: fields[key].text() for key in ("person_id", "family_id", "sex", "group") if key in fields
    }
    fields["person_id"].build(check_name, "person_id", values["person_id"])
    if "release_level" in fields:
        values["release_level"] = fields["release_level"].choice(RELEASE_LEVELS)
    born = fields["gestational_age_days"].integer() if "gestational_age_days" in fields else None
    return node.build(Person, gestational_age_days=born, **values)


def _visit(node: Node, persons: set[str]) -> Visit:
    fields = node.fields(required=("visit_id",), optional=("age_days",))
    ages = fields["age_days"].entries() if "age_days" in fields else {}
    for person, age in ages.items():
        if person not in persons:
            raise age.error(
                "nobody of this id among the persons", got=person, expected=", ".join(sorted(persons))
            )
    return node.build(
        Visit, fields["visit_id"].text(), {person: age.integer() for person, age in ages.items()}
    )


def _reliability(node: Node | None) -> ReliabilityPlan:
    if node is None:
        return ReliabilityPlan()
    fields = node.fields(
        optional=(
            "share", "stratify_by", "age_band_days", "seed", "sessions", "masters", "labels", "drift_drop",
        ),
    )  # fmt: skip
    default = ReliabilityPlan()
    return node.build(
        ReliabilityPlan,
        share=fields["share"].number() if "share" in fields else default.share,
        stratify_by=tuple(item.choice(_STRATA) for item in _items(fields, "stratify_by")),
        age_band_days=fields["age_band_days"].integer()
        if "age_band_days" in fields
        else default.age_band_days,
        seed=fields["seed"].integer() if "seed" in fields else None,
        sessions=_texts(fields, "sessions"),
        masters={name: item.text() for name, item in _entries(fields, "masters").items()},
        labels={name: item.number() for name, item in _entries(fields, "labels").items()} or default.labels,
        drift_drop=fields["drift_drop"].number() if "drift_drop" in fields else default.drift_drop,
    )


def _entries(fields: dict[str, Node], key: str) -> dict[str, Node]:
    return fields[key].entries() if key in fields else {}


def _privacy(node: Node | None) -> PrivacyPlan:
    if node is None:
        return PrivacyPlan()
    fields = node.fields(optional=("min_cell", "audio"))
    default = PrivacyPlan()
    return node.build(
        PrivacyPlan,
        fields["min_cell"].integer() if "min_cell" in fields else default.min_cell,
        fields["audio"].boolean() if "audio" in fields else default.audio,
    )


def study_text(content: StudyFile) -> str:
    """Give the text of study.yaml; the same content gives the same text."""
    study, plan, privacy = content.study, content.reliability, content.privacy
    sections: list[dict[str, Plain]] = [
        {
            "schema_version": SCHEMA_VERSION,
            "study_id": study.study_id,
            "title": study.title or None,
            "protocol": study.protocol_id,
        },
        {"schemes": {role: list(ids) for role, ids in study.schemes.items()}},
        {"rules": list(study.rules)},
        {"coders": list(study.coders)},
        {"analysis": _analysis_plain(study)},
        {"measures": params_plain(study.measures)},
        {"reliability": _reliability_plain(plan)},
        {"privacy": {"min_cell": privacy.min_cell, "audio": privacy.audio}},
        {"persons": [_person_plain(person) for person in study.persons]},
        {"visits": [{"visit_id": v.visit_id, "age_days": dict(v.age_days)} for v in study.visits]},
    ]
    return _HEADER + "\n".join(dump(section) for section in sections if section != {"measures": {}})


def _analysis_plain(study: Study) -> dict[str, Plain]:
    given: dict[str, Plain] = {"sources": list(study.analysis_sources), "min_coverage": study.min_coverage}
    if study.covariates != Study.covariates:
        given["covariates"] = list(study.covariates)
    return given


def _reliability_plain(plan: ReliabilityPlan) -> dict[str, Plain]:
    """Give the plan; what nobody decided otherwise is left out."""
    default = ReliabilityPlan()
    given: dict[str, Plain] = {"share": plan.share, "stratify_by": list(plan.stratify_by)}
    if plan.age_band_days != default.age_band_days:
        given["age_band_days"] = plan.age_band_days
    if plan.seed is not None:
        given |= {"seed": plan.seed, "sessions": list(plan.sessions)}
    if plan.masters:
        given["masters"] = dict(plan.masters)
    if dict(plan.labels) != dict(default.labels):
        given["labels"] = dict(plan.labels)
    if plan.drift_drop != default.drift_drop:
        given["drift_drop"] = plan.drift_drop
    return given


def _person_plain(person: Person) -> dict[str, Plain]:
    given: dict[str, Plain] = {
        "person_id": person.person_id,
        "family_id": person.family_id,
        "sex": person.sex,
        "group": person.group,
        "gestational_age_days": person.gestational_age_days,
    }
    given = {key: value for key, value in given.items() if value not in ("", None)}
    return given | {"release_level": person.release_level}


def write_study(path: Path, content: StudyFile, *, fs: FileSystem = OS_FS) -> None:
    """Write study.yaml, whole or not at all; raises StorageError."""
    write_atomic(path, study_text(content).encode(), fs=fs)
