"""A coder's habits, rating forms, and coming back to where one left off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillface.domain.clock import NS_PER_S as S
from stillface.domain.scheme import Code, CodingScheme
from stillface.domain.session import Episode, Session
from stillface.domain.study import Person, Study
from stillface.errors import FieldError, InputError, UsageError
from stillface.io.bundle import StudyFolder, create_study
from stillface.review.cameras import FrameGrid
from stillface.review.desk import Desk
from stillface.review.document import Document
from stillface.review.habits import Habits
from stillface.review.keymap import Keymap
from stillface.review.lanes import LaneKey
from stillface.review.place import Place, load_place, place_of, save_place, take_place
from stillface.review.playhead import Playhead
from stillface.review.ratings import Rate, RatingUnit, Unrate, rating_of, rating_units
from stillface.review.signoff import open_points
from stillface.review.stores import open_store
from stillface.review.timeline import View

PERSONS = {"infant": "p1", "caregiver": "p2"}
FRAME = S // 25
AFFECT = LaneKey("infant", "affect3", "human:AB")
SCALE = LaneKey("infant", "distress", "human:AB")
DISTRESS = CodingScheme(
    "distress",
    tuple(Code(f"d{k}", f"{k}", value=k, key=str(k)) for k in (1, 2, 3)),
    type="rating",
)


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StudyFolder:
    monkeypatch.setenv("STILLFACE_HOME", str(tmp_path / "home"))
    people = tuple(Person(person) for person in PERSONS.values())
    return create_study(tmp_path / "s", Study("s", "ffsf_2_2_2", persons=people))


class Clock:
    """A clock that a test turns."""

    now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make_desk(study: StudyFolder, clock: Clock) -> Iterator[Callable[[], Desk]]:
    made: list[Desk] = []
    episodes = (Episode("PL", 0, 100 * S), Episode("SF", 100 * S, 160 * S))
    session = Session("one", "d", study.protocol(), episodes, persons=PERSONS)

    def scheme(id_: str) -> CodingScheme:
        return DISTRESS if id_ == "distress" else study.scheme(id_)

    def make() -> Desk:
        grid = FrameGrid.even((0, 200 * S), FRAME)
        store = open_store(study.codes_dir("one"), "AB", "aaaa-1111", study.heads_path("aaaa-1111"))
        tiers = (("infant", "affect3"), ("infant", "distress"))
        document = Document(session, grid, scheme, "AB", {"human": store}, tiers)
        desk = Desk(document, Playhead(grid, (), clock), Keymap())
        made.append(desk)
        return desk

    yield make
    for desk in made:
        desk.document.close(abandon=True)


def play(desk: Desk, clock: Clock, n_frames: int) -> None:
    for _ in range(n_frames):
        clock.now_ns += FRAME
        desk.playhead.tick()


def frames(desk: Desk, key: LaneKey = AFFECT) -> list[tuple[int, int, str]]:
    return [(b.onset_ns // FRAME, b.end_ns // FRAME, b.code) for b in desk.document.lane(key).bouts]


def test_reaction_is_off_by_default_and_recorded_where_it_is_on(
    make_desk: Callable[[], Desk], clock: Clock
) -> None:
    desk = make_desk()
    desk.playhead.play()
    play(desk, clock, 50)
    desk.key("S")
    desk.set_habits(Habits(reaction_ns=400_000_000))
    play(desk, clock, 50)
    desk.key("D")
    play(desk, clock, 50)
    desk.key("Return")
    assert frames(desk) == [(50, 90, "neu"), (90, 140, "pos")]
    first, second = desk.document.lane(AFFECT).bouts
    assert "reaction_ms" not in first.attributes
    assert second.attributes["reaction_ms"] == "400"
    assert "reaction 400 ms" in desk.document.notes("human")[-1]


def test_reaction_does_not_move_codes_set_while_the_film_stands(make_desk: Callable[[], Desk]) -> None:
    desk = make_desk()
    desk.set_habits(Habits(reaction_ns=400_000_000))
    desk.playhead.seek(50 * FRAME)
    desk.key("S")
    assert frames(desk)[0][0] == 50
    assert "reaction_ms" not in desk.document.lane(AFFECT).bouts[0].attributes


def test_reaction_counts_in_the_coders_time_not_the_films(
    make_desk: Callable[[], Desk], clock: Clock
) -> None:
    desk = make_desk()
    desk.set_habits(Habits(reaction_ns=400_000_000))
    desk.playhead.set_speed(0.5)
    desk.playhead.play()
    play(desk, clock, 100)
    desk.key("S")
    assert frames(desk)[0][0] == 45


def test_the_film_goes_back_after_each_code_that_is_set_while_it_plays(
    make_desk: Callable[[], Desk], clock: Clock
) -> None:
    desk = make_desk()
    desk.set_habits(Habits(pre_roll_ns=2 * S))
    desk.playhead.play()
    play(desk, clock, 100)
    desk.key("S")
    assert desk.playhead.time_ns == 50 * FRAME
    assert desk.playhead.playing
    play(desk, clock, 100)
    desk.key("D")
    play(desk, clock, 100)
    desk.key("Return")
    assert frames(desk) == [(100, 150, "neu"), (150, 200, "pos")]


def test_a_code_lasts_as_long_as_its_key_is_held(make_desk: Callable[[], Desk], clock: Clock) -> None:
    desk = make_desk()
    desk.set_habits(Habits(hold=True))
    desk.playhead.play()
    for key, n in (("S", 25), ("D", 10)):
        play(desk, clock, 5)
        desk.key(key)
        play(desk, clock, n)
        assert desk.release(key)
    assert frames(desk) == [(5, 30, "neu"), (35, 45, "pos")]
    assert desk.document.lane(AFFECT).running is None


def test_a_key_released_after_another_was_pressed_ends_nothing(
    make_desk: Callable[[], Desk], clock: Clock
) -> None:
    desk = make_desk()
    desk.set_habits(Habits(hold=True))
    desk.playhead.play()
    desk.key("S")
    play(desk, clock, 10)
    desk.key("D")
    assert not desk.release("S")
    play(desk, clock, 10)
    assert desk.release("D")
    assert frames(desk) == [(0, 10, "neu"), (10, 20, "pos")]


def test_the_bin_of_interval_mode_is_a_habit(make_desk: Callable[[], Desk]) -> None:
    desk = make_desk()
    desk.set_habits(Habits(bin_ns=5 * S))
    desk.key("F6")
    desk.key("S")
    desk.key("D")
    assert frames(desk) == [(0, 125, "neu"), (125, 250, "pos")]
    desk.set_habits(Habits(bin_ns=10 * S))
    assert desk.bins is not None
    assert desk.bins.current_ns == (10 * S, 20 * S)


@pytest.mark.parametrize(
    "bad", [{"pre_roll_ns": -1}, {"reaction_ns": S + 1}, {"bin_ns": S // 5}, {"bin_ns": 16 * S}]
)
def test_habits_that_nobody_can_have(bad: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="not a habit"):
        Habits(**bad)  # type: ignore[arg-type]


@given(st.integers(0, 10 * S), st.integers(0, S), st.booleans(), st.integers(S // 4, 15 * S))
def test_habits_are_read_as_written(pre_roll: int, reaction: int, hold: bool, bin_ns: int) -> None:
    habits = Habits(pre_roll, reaction, hold, bin_ns)
    assert Habits.of_plain(habits.as_plain()) == habits


def test_an_episode_gets_one_value_that_can_be_changed_and_taken_back(
    make_desk: Callable[[], Desk],
) -> None:
    desk = make_desk()
    units = rating_units(desk.document.session, desk.grid)
    play_, still = units["episode"]
    assert (still.label, still.onset_ns, still.offset_ns) == ("SF", 100 * S, 160 * S)
    desk.do(Rate(SCALE, still, "d2"))
    (open_,) = (f for f in open_points(desk.document, SCALE) if f.lane == SCALE)
    assert open_.text == "in PL: 100.00 s not rated"
    desk.do(Rate(SCALE, play_, "d1"))
    assert not [f for f in open_points(desk.document, SCALE) if f.lane == SCALE]
    desk.do(Rate(SCALE, still, "d3"))
    assert [(b.onset_ns // S, b.end_ns // S, b.code) for b in desk.document.lane(SCALE).bouts] == [
        (0, 100, "d1"),
        (100, 160, "d3"),
    ]
    held = rating_of(desk.document.lane(SCALE), still)
    assert held is not None
    assert held.code == "d3"
    with pytest.raises(UsageError, match="rated as another unit"):
        desk.do(Rate(SCALE, units["session"][0], "d1"))
    desk.do(Unrate(SCALE, still))
    assert rating_of(desk.document.lane(SCALE), still) is None
    with pytest.raises(UsageError, match="not for this kind"):
        desk.do(Rate(AFFECT, still, "neu"))
    with pytest.raises(FieldError, match="unknown code"):
        desk.do(Rate(SCALE, still, "d9"))


def test_segments_are_those_of_the_protocol(make_desk: Callable[[], Desk]) -> None:
    desk = make_desk()
    session = desk.document.session
    cut = tuple(
        replace(spec, segments_every_s=40) if spec.id == "SF" else spec for spec in session.protocol.episodes
    )
    session = replace(session, protocol=replace(session.protocol, episodes=cut))
    assert rating_units(session, desk.grid)["segment"] == (
        RatingUnit("SF 0 to 40 s", 100 * S, 140 * S),
        RatingUnit("SF 40 to 60 s", 140 * S, 160 * S),
    )
    assert rating_units(desk.document.session, desk.grid)["segment"] == ()


def test_one_comes_back_to_frame_zoom_lane_and_habits(make_desk: Callable[[], Desk]) -> None:
    desk = make_desk()
    desk.document.activate(SCALE)
    desk.playhead.seek(77 * S)
    desk.set_habits(Habits(pre_roll_ns=S))
    view = View.whole(desk.grid.span_ns, 800).zoomed(4, 77 * S)
    save_place("s", "one", "AB", place_of(desk, view, {"mesh": False}, "abc"))
    desk.document.close()
    again = make_desk()
    place = load_place("s", "one", "AB")
    assert place is not None
    take_place(again, place)
    assert again.playhead.time_ns == 77 * S
    assert again.document.active == SCALE
    assert again.habits == Habits(pre_roll_ns=S)
    assert (place.view_onset_ns, place.ns_per_px) == (view.onset_ns, view.ns_per_px)
    assert (place.marks, place.docks) == ({"mesh": False}, "abc")
    assert load_place("s", "one", "CD") is None


def test_a_lane_that_is_gone_is_passed_over(make_desk: Callable[[], Desk]) -> None:
    desk = make_desk()
    take_place(desk, Place(5 * S, 0.0, 1e6, ("infant", "no_more", "human:AB")))
    assert desk.document.active == AFFECT
    assert desk.playhead.time_ns == 5 * S


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"time_ns": 1, "lane": 3}', "\x00"])
def test_a_damaged_place_is_said(study: StudyFolder, tmp_path: Path, text: str) -> None:
    save_place("s", "one", "AB", Place(0, 0.0, 1.0))
    (path,) = (tmp_path / "home" / "places").iterdir()
    assert "AB" not in path.name
    path.write_text(text)
    with pytest.raises(InputError, match="could not be read"):
        load_place("s", "one", "AB")
