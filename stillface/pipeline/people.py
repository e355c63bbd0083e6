"""What is said of people: new facts are entered, contradictions refused or, where asked, corrected."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace

from stillface.domain.study import Person, Study, Visit
from stillface.errors import InputError

__all__ = ["with_people"]


def with_people(
    study: Study, people: Iterable[Person], visits: Iterable[Visit], corrects: frozenset[str]
) -> Study:
    """Give the study with these people and their ages in it.

    Parameters
    ----------
    study : Study
    people : iterable of Person
        Only what was said; empty fields say nothing.
    visits : iterable of Visit
    corrects : frozenset of str
        People about whom the study may be contradicted.

    Raises
    ------
    InputError
        The study knows it otherwise.
    """
    persons = {person.person_id: person for person in study.persons}
    for person in people:
        known = persons.get(person.person_id)
        free = person.person_id in corrects
        persons[person.person_id] = person if known is None else _one_person(known, person, free=free)
    known_visits = {visit.visit_id: visit for visit in study.visits}
    for visit in visits:
        ages = dict(known_visits[visit.visit_id].age_days) if visit.visit_id in known_visits else {}
        for person_id, age in visit.age_days.items():
            if ages.get(person_id, age) != age and person_id not in corrects:
                raise _contradiction(f"age of {person_id} at {visit.visit_id}", age, ages[person_id])
            ages[person_id] = age
        known_visits[visit.visit_id] = Visit(visit.visit_id, ages)
    return replace(study, persons=tuple(persons.values()), visits=tuple(known_visits.values()))


def _one_person(known: Person, said: Person, *, free: bool) -> Person:
    merged = {}
    for name in (field.name for field in fields(Person)):
        old, new = getattr(known, name), getattr(said, name)
        unsaid = ("", None, "unknown")
        if not free and old not in unsaid and new not in unsaid and old != new:
            raise _contradiction(f"{name} of {known.person_id}", new, old)
        merged[name] = old if new in unsaid else new
    return Person(**merged)


def _contradiction(what: str, got: object, known: object) -> InputError:
    return InputError(
        "the study knows it otherwise",
        where=what,
        got=got,
        expected=f"{known} as in study.yaml",
        fix="correct the one that is wrong; is it another person?",
    )
