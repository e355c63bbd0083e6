"""A small study without films in which people have coded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from stillface.domain.clock import NS_PER_S as S
from stillface.domain.session import Episode, Session
from stillface.domain.study import Person, Study, Visit
from stillface.io.bundle import StudyFolder, create_study
from stillface.review.commands_edit import Paint
from stillface.review.document import Document
from stillface.review.lanes import LaneKey
from stillface.review.opening import open_document
from stillface.review.signoff import sign_off

Bouts = Sequence[tuple[float, float, str]]
HOME = "home-1111"
ROLES = ("infant", "caregiver")


def make_study(
    root: Path, sessions: Sequence[str] = ("one",), coders: Sequence[str] = ("AB", "CD")
) -> StudyFolder:
    people, visits = [], []
    for name in sessions:
        people += [
            Person(f"{name}-i", f"F-{name}", "f", "preterm", 250),
            Person(f"{name}-c", f"F-{name}"),
        ]
        visits.append(Visit(f"v-{name}", {f"{name}-i": 124}))
    study = Study(
        "lab-1",
        "ffsf_2_2_2",
        schemes=dict.fromkeys(ROLES, ("affect3",)),
        persons=tuple(people),
        visits=tuple(visits),
        coders=tuple(coders),
    )
    folder = create_study(root, study)
    episodes = (Episode("PL", 0, 120 * S), Episode("SF", 120 * S, 240 * S), Episode("RE", 240 * S, 360 * S))
    for name in sessions:
        persons = {"infant": f"{name}-i", "caregiver": f"{name}-c"}
        folder.add_session(
            Session(
                name, f"d-{name}", folder.protocol(), episodes, persons, f"v-{name}",
                covariates={"time_of_day": "10:30"},
            )
        )  # fmt: skip
    return folder


def key_of(coder: str, role: str = "infant") -> LaneKey:
    return LaneKey(role, "affect3", f"human:{coder}")


def code(
    folder: StudyFolder,
    coder: str,
    bouts: Bouts,
    *,
    session: str = "one",
    role: str = "infant",
    install: str = HOME,
    signed: bool = False,
) -> None:
    """Let somebody code bouts (seconds) in one sitting."""
    document = open_document(folder, session, coder, install, with_auto=False)
    key = key_of(coder, role)
    for onset, offset, name in bouts:
        document.do(Paint(key, round(onset * S), round(offset * S), name))
    if signed:
        sign_off(document, key, accept_open=True)
    document.close()


def standing(document: Document, key: LaneKey) -> list[tuple[float, float, str]]:
    return [(b.onset_ns / S, b.end_ns / S, b.code) for b in document.lane(key).bouts]
