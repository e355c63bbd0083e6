"""Who takes part: persons and families, apart from the roles they play, and their visits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stillface.domain import refuse
from stillface.domain.measure_params import MeasureParams
from stillface.errors import FieldError

__all__ = ["RELEASE_LEVELS", "Person", "Study", "Visit"]

RELEASE_LEVELS = ("unknown", "private", "authorized", "learning", "public")
"""Sharing levels after Databrary, strictest first; unknown means not obtained: not shared."""


@dataclass(frozen=True)
class Person:
    """One person, whatever role they play in which session.

    Parameters
    ----------
    person_id, family_id : str
        Twins and two parents share a family; a therapist may belong to none of the clients' families.
    sex, group : str
        As the study codes them; empty where not recorded.
    gestational_age_days : int, optional
        At birth; lets a visit give a corrected age.
    release_level : str
        A member of RELEASE_LEVELS.
    """

    person_id: str
    family_id: str = ""
    sex: str = ""
    group: str = ""
    gestational_age_days: int | None = None
    release_level: str = "unknown"

    def __post_init__(self) -> None:
        refuse.identifier("Person", "person_id", self.person_id)
        owner = f"Person[{self.person_id}]"
        refuse.one_of(owner, "release_level", self.release_level, RELEASE_LEVELS)
        weeks_21, weeks_45 = 147, 315
        if self.gestational_age_days is not None and not weeks_21 <= self.gestational_age_days <= weeks_45:
            raise FieldError(
                "not a gestational age",
                where=f"{owner}.gestational_age_days",
                got=self.gestational_age_days,
                expected=f"{weeks_21} to {weeks_45} days",
            )


@dataclass(frozen=True)
class Visit:
    """One wave of one family: ages in days, never dates.

    Parameters
    ----------
    visit_id : str
    age_days : mapping of person_id to int
        Chronological age.
    """

    visit_id: str
    age_days: Mapping[str, int] = field(default_factory=dict)

    TERM_DAYS = 280

    def __post_init__(self) -> None:
        refuse.identifier("Visit", "visit_id", self.visit_id)
        for person, days in self.age_days.items():
            if not 0 <= days <= 130 * 366:
                raise FieldError(
                    "not an age",
                    where=f"Visit[{self.visit_id}].age_days[{person}]",
                    got=days,
                    expected="days",
                )

    def corrected_age_days(self, person: Person) -> int | None:
        """Give the age counted from term (40 weeks), or None where either part is unknown."""
        age = self.age_days.get(person.person_id)
        if age is None or person.gestational_age_days is None:
            return None
        return age - max(0, self.TERM_DAYS - person.gestational_age_days)


@dataclass(frozen=True)
class Study:
    """A study: its people, and which protocol, schemes and rules it has chosen.

    Parameters
    ----------
    study_id, title : str
    protocol_id : str
    schemes : mapping of role to tuple of scheme ids
    rules : tuple of str
        Match rules that reports show.
    persons : tuple of Person
    visits : tuple of Visit
    coders : tuple of str
    analysis_sources : tuple of str
        Which kind of track is analysed, first found wins; ``auto`` only when the study asks for it.
    min_coverage : float
        Below it, reports and exports withhold a value.
    covariates : tuple of str
        What enters the models beside episode and group: ``age_days`` and ``sex`` of the focal person, or
        the names of sessions' own covariates.
    measures : MeasureParams
        Parameters of the families of measures.
    """

    study_id: str
    protocol_id: str
    title: str = ""
    schemes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rules: tuple[str, ...] = ()
    persons: tuple[Person, ...] = ()
    visits: tuple[Visit, ...] = ()
    coders: tuple[str, ...] = ()
    analysis_sources: tuple[str, ...] = ("consensus", "human", "auto_reviewed")
    min_coverage: float = 0.5
    covariates: tuple[str, ...] = ("age_days",)
    measures: MeasureParams = field(default_factory=MeasureParams)

    def __post_init__(self) -> None:
        refuse.identifier("Study", "study_id", self.study_id)
        owner = f"Study[{self.study_id}]"
        refuse.unique(owner, "persons", (person.person_id for person in self.persons))
        refuse.unique(owner, "visits", (visit.visit_id for visit in self.visits))
        refuse.unique(owner, "coders", self.coders)
        refuse.unique(owner, "covariates", self.covariates)
        for source in self.analysis_sources:
            refuse.one_of(owner, "analysis_sources", source, ("consensus", "human", "auto_reviewed", "auto"))
        if not 0 <= refuse.finite(owner, "min_coverage", self.min_coverage) <= 1:
            raise FieldError(
                "not a share", where=f"{owner}.min_coverage", got=self.min_coverage, expected="0 to 1"
            )

    def person(self, person_id: str) -> Person | None:
        """Give a person, or None where the study does not know them."""
        return next((person for person in self.persons if person.person_id == person_id), None)
