"""Heart beats, sound and reading ahead by real keys and mouse, and what is on the disk after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

pytest.importorskip("napari", reason="the window needs the extra gui")
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QColor, QFocusEvent, QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QPushButton

from stillface.domain.clock import NS_PER_S as S
from stillface.domain.clock import ClockMap, SampleClock
from stillface.domain.events import BEAT_FLAGS, BeatSeries
from stillface.domain.provenance import Provenance
from stillface.domain.recording import Signal, SignalRecording
from stillface.errors import StorageError
from stillface.gui.player_sound import NoDeviceError, SoundBar, SoundPlayer
from stillface.gui.timeline_paint import GUTTER_PX
from stillface.io.artefacts import save_beats, save_signal
from stillface.io.human_beats import BEATS_DIR, beats_tier, read_beat_edits
from stillface.testing.physiology import ecg_mv, pulse_beats

from .conftest import number_in

NONE, CTRL = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier
SHIFT, ALT = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier
CHANNEL = SignalRecording("heart", "physio/heart.csv", "ecg", "infant")
EXTRA_S, MISSED = 6.2, 20


@pytest.fixture
def beats_s(study: Any) -> np.ndarray:
    """Add an ECG whose machine beats miss one and have one too many; give the true ones."""
    grid_s = np.arange(20 * 250) / 250
    true_s = pulse_beats(grid_s, np.full(grid_s.size, 430.0))
    clock = SampleClock(0, Fraction(250), grid_s.size)
    signal = Signal("ecg", "infant", "mV", ecg_mv(grid_s, true_s), np.ones(grid_s.size, np.bool_), clock)
    times = np.rint(true_s * S).astype(np.int64)
    extra = round(EXTRA_S * S)
    found = np.sort(np.append(np.delete(times, MISSED), extra))
    flags = np.where(found == extra, BEAT_FLAGS.index("extra"), 0).astype(np.uint8)
    beats = BeatSeries("infant", found, flags, signal.span_ns, "auto:ecg_vote@1")
    made = Provenance("test", {}, {}, "0")
    save_signal(study.signals_dir("one") / "heart.h5", signal, made)
    save_beats(study.signals_dir("one") / "heart.beats.h5", beats, made)
    (study.root / "physio" / "heart.csv").write_text("0\n")
    session = study.load_session("one")
    study.save_session(replace(session, recordings=(*session.recordings, CHANNEL)))
    return times


@pytest.fixture
def window(beats_s: np.ndarray, open_window: Callable[..., Any]) -> Any:
    opened = open_window()
    QTest.keyClick(opened.timeline, Qt.Key.Key_F9)
    QApplication.processEvents()
    return opened


def plot_of(window: Any) -> Any:
    return window.signals.panel.plot


def press(window: Any, key: Any, held: Any = NONE) -> None:
    QTest.keyClick(plot_of(window), key, held)


def place(window: Any, time_ns: int, kind: str = "beats") -> QPoint:
    plot = plot_of(window)
    row = next(row for row in plot.rows() if row.kind == kind)
    return QPoint(round(GUTTER_PX + plot.view.x_of(time_ns)), round(row.top_px + row.height_px / 2))


def show(window: Any, onset_s: float, offset_s: float) -> None:
    view = window.timeline.view
    window.timeline.show_view(view.fitted(round(onset_s * S), round(offset_s * S), 0))


def standing(window: Any) -> list[int]:
    return plot_of(window).beats.beats.times_ns.tolist()


def logged(study: Any) -> list[str]:
    people = read_beat_edits(study.codes_dir("one"), beats_tier(CHANNEL))
    return sorted(bout.code for person in people for bout in person.entries.values())


def test_an_extra_beat_is_found_removed_and_brought_back_by_keys(
    window: Any, study: Any, beats_s: np.ndarray
) -> None:
    extra = round(EXTRA_S * S)
    press(window, Qt.Key.Key_N)
    assert plot_of(window).beats.chosen_ns == extra
    assert window.desk.playhead.time_ns <= extra < window.desk.grid.after(window.desk.playhead.time_ns)
    assert "extra" in window.panel.said_label.text()
    press(window, Qt.Key.Key_X)
    assert extra not in standing(window)
    assert logged(study) == ["not_a_beat"]
    press(window, Qt.Key.Key_Z, CTRL)
    assert extra in standing(window)
    assert logged(study) == []
    press(window, Qt.Key.Key_Y, CTRL)
    assert extra not in standing(window)


def test_a_missed_beat_is_added_by_a_double_click_on_the_peak(
    window: Any, study: Any, beats_s: np.ndarray
) -> None:
    missed = int(beats_s[MISSED])
    show(window, missed / S - 2, missed / S + 2)
    heart = plot_of(window).beats
    before = heart.now("heart").ibi.clean.sum()
    QTest.mouseDClick(plot_of(window), Qt.MouseButton.LeftButton, NONE, place(window, missed + 20_000_000))
    new = set(standing(window)) - set(heart.active.machine.times_ns.tolist())
    assert len(new) == 1
    assert abs(new.pop() - missed) < 2_000_000
    assert heart.now("heart").ibi.clean.sum() > before
    assert logged(study) == ["beat"]
    assert "1 added" in window.signals.panel.line.text()


def test_n_stops_at_a_missed_beat_too_and_a_adds_it(window: Any, study: Any, beats_s: np.ndarray) -> None:
    missed, said = int(beats_s[MISSED]), window.panel.said_label
    press(window, Qt.Key.Key_N)
    press(window, Qt.Key.Key_N)
    assert plot_of(window).beats.chosen_ns is None
    assert "an interval twice as long: a missed beat?" in said.text()
    assert abs(window.desk.playhead.time_ns - missed) < 60_000_000
    press(window, Qt.Key.Key_N)
    assert said.text() == "no doubtful beat and no missed one that way"
    press(window, Qt.Key.Key_N, SHIFT)
    assert plot_of(window).beats.chosen_ns == round(EXTRA_S * S)
    press(window, Qt.Key.Key_N)
    press(window, Qt.Key.Key_A)
    assert abs(plot_of(window).beats.chosen_ns - missed) < 2_000_000
    assert logged(study) == ["beat"]
    press(window, Qt.Key.Key_N, SHIFT)
    press(window, Qt.Key.Key_X)
    press(window, Qt.Key.Key_N)
    assert said.text() == "no doubtful beat and no missed one that way"


def test_the_badge_and_the_palette_say_that_keys_go_to_heart_beats(
    window: Any, study: Any, beats_s: np.ndarray
) -> None:
    panel = window.panel
    assert panel.lane_label.text().split() == ["HEART", "BEATS", "INFANT"]
    assert panel.findChild(QPushButton, "beat_add").text() == "A  Add a beat"
    press(window, Qt.Key.Key_N)
    QTest.mouseClick(panel.findChild(QPushButton, "beat_remove"), Qt.MouseButton.LeftButton)
    assert logged(study) == ["not_a_beat"]
    assert plot_of(window).has_keys
    press(window, Qt.Key.Key_Escape)
    QApplication.processEvents()
    assert panel.lane_label.text().startswith("CODING")
    shown = [b.text() for b in panel.findChildren(QPushButton) if b.isVisibleTo(panel)]
    assert "X 0  Unscorable" in shown
    assert "A  Add a beat" not in shown
    QTest.keyClick(window.timeline, Qt.Key.Key_F9)
    assert panel.lane_label.text().startswith("HEART BEATS")
    press(window, Qt.Key.Key_F9)
    assert panel.lane_label.text().startswith("CODING")


@pytest.mark.parametrize("exactly", [False, True])
def test_a_beat_is_dragged_onto_the_peak_or_with_alt_exactly_there(
    window: Any, study: Any, beats_s: np.ndarray, exactly: bool
) -> None:
    beat = int(beats_s[10])
    show(window, beat / S - 1, beat / S + 1)
    held = ALT if exactly else NONE
    target = beat + 25_000_000
    QTest.mousePress(plot_of(window), Qt.MouseButton.LeftButton, held, place(window, beat))
    QTest.mouseMove(plot_of(window), place(window, beat + 12_000_000))
    QTest.mouseMove(plot_of(window), place(window, target))
    QTest.mouseRelease(plot_of(window), Qt.MouseButton.LeftButton, held, place(window, target))
    (moved,) = set(standing(window)) - set(plot_of(window).beats.active.machine.times_ns.tolist())
    assert abs(moved - (target if exactly else beat)) < 3_000_000
    assert logged(study) == ["beat", "not_a_beat"]


def test_a_click_on_a_beat_moves_nothing(window: Any, study: Any, beats_s: np.ndarray) -> None:
    show(window, 3, 6)
    beat = int(beats_s[10])
    QTest.mouseClick(plot_of(window), Qt.MouseButton.LeftButton, NONE, place(window, beat))
    assert plot_of(window).beats.chosen_ns == beat
    assert logged(study) == []
    press(window, Qt.Key.Key_Right, ALT)
    assert beat + 4_000_000 in standing(window)


def test_a_stretch_is_selected_marked_bad_and_good_again(window: Any, study: Any) -> None:
    plot = plot_of(window)
    QTest.mousePress(plot, Qt.MouseButton.LeftButton, SHIFT, place(window, 12 * S))
    QTest.mouseMove(plot, place(window, 13 * S))
    QTest.mouseMove(plot, place(window, 15 * S))
    QTest.mouseRelease(plot, Qt.MouseButton.LeftButton, SHIFT, place(window, 15 * S))
    assert plot.selection_ns is not None
    press(window, Qt.Key.Key_B)
    assert "1 bad stretch " in window.signals.panel.line.text()
    ((onset_ns, offset_ns),) = plot.beats.now("heart").corrected.bad
    reach = 2 * plot.view.ns_per_px
    assert abs(onset_ns - 12 * S) < reach
    assert abs(offset_ns - 15 * S) < reach
    assert plot.beats.now("heart").ibi.clean_ns(13 * S, 14 * S) == 0
    window.desk.playhead.seek(13 * S)
    press(window, Qt.Key.Key_B, SHIFT)
    assert len(plot.beats.now("heart").corrected.bad) == 0


def test_the_way_back_says_where_it_leads(window: Any) -> None:
    """Whoever corrects a beat in the middle of a review goes back to the review, and is told so."""
    panel = window.panel

    def way_back() -> str:
        QApplication.processEvents()
        return str(panel._codes.findChild(QPushButton, "cancel").text())

    assert way_back() == "Esc  Back to coding"
    press(window, Qt.Key.Key_Escape)
    QTest.keyClick(window.timeline, Qt.Key.Key_F7)
    assert window.desk.mode == "review"
    told: list[str] = []
    window.desk.said.connect(told.append)
    QTest.keyClick(window.timeline, Qt.Key.Key_F9)
    assert panel.lane_label.text().startswith("HEART BEATS")
    assert way_back() == "Esc  Back to the review"
    assert panel._codes.findChild(QPushButton, "cancel").toolTip() == "Back to the review: Esc"
    assert told[-1] == "keys go to heart beats now; Esc gives them back to the review"
    # A dialog gives the focus back: what its answer led to stays readable.
    window.desk.said.emit("signed off")
    QApplication.sendEvent(plot_of(window), QFocusEvent(QEvent.Type.FocusIn))
    assert told[-1] == "signed off"
    press(window, Qt.Key.Key_Escape)
    assert panel.lane_label.text().startswith("REVIEW")
    assert window.desk.mode == "review"


def test_keys_code_again_after_one_escape_with_a_beat_chosen_too(window: Any) -> None:
    lane = window.desk.document.active
    press(window, Qt.Key.Key_A)
    assert not window.desk.document.lane(lane).bouts
    assert plot_of(window).has_keys
    press(window, Qt.Key.Key_Escape)
    assert not plot_of(window).has_keys
    assert plot_of(window).beats.chosen_ns is None
    QTest.keyClick(window.main.focusWidget(), Qt.Key.Key_A)
    assert len(window.desk.document.lane(lane).bouts) == 1


def test_playing_stepping_and_zooming_work_from_the_signals_too(window: Any) -> None:
    press(window, Qt.Key.Key_Right)
    assert window.films.shown["front"] == 1
    before = window.timeline.view
    middle = QPointF(place(window, 5 * S))
    event = QWheelEvent(
        middle,
        plot_of(window).mapToGlobal(middle),
        QPoint(),
        QPoint(0, 240),
        Qt.MouseButton.NoButton,
        NONE,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(plot_of(window), event)
    assert window.timeline.view.ns_per_px < before.ns_per_px
    assert plot_of(window).view.x_of(5 * S) == pytest.approx(window.timeline.view.x_of(5 * S))


def test_corrections_and_their_undo_outlive_the_window(
    window: Any, open_window: Callable[..., Any], beats_s: np.ndarray
) -> None:
    press(window, Qt.Key.Key_N)
    press(window, Qt.Key.Key_X)
    assert window.main.close()
    again = open_window()
    QTest.keyClick(again.timeline, Qt.Key.Key_F9)
    assert round(EXTRA_S * S) not in standing(again)
    press(again, Qt.Key.Key_Z, CTRL)
    assert round(EXTRA_S * S) in standing(again)


def test_f9_hides_the_signals_and_gives_the_keys_back(window: Any) -> None:
    press(window, Qt.Key.Key_F9)
    assert not window.signals.panel.isVisible()
    assert window.timeline is window.main.focusWidget()
    QTest.keyClick(window.timeline, Qt.Key.Key_F9)
    assert window.signals.panel.isVisible()
    assert plot_of(window).has_keys


def test_who_codes_blind_sees_no_signal(
    beats_s: np.ndarray, open_window: Callable[..., Any], study: Any
) -> None:
    blind = open_window(blind=True)
    QTest.keyClick(blind.timeline, Qt.Key.Key_F9)
    assert plot_of(blind).beats is None
    assert plot_of(blind).rows() == ()
    assert not (study.codes_dir("one") / BEATS_DIR).exists()


def test_on_a_full_disk_the_window_does_not_close_silently(
    window: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_data: bytes) -> None:
        raise StorageError("disk full")

    asked: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr(plot_of(window).beats._store.log._keeper._file, "append", full)
        patch.setattr(window.guard, "ask_unsaved", lambda why: asked.append(why) or False)
        press(window, Qt.Key.Key_N)
        press(window, Qt.Key.Key_X)
        assert window.signals.panel.status.text() == "saved here"
        assert not window.main.close()
        assert asked == ["saved on this computer, not in the study yet: disk full"]
    QTest.mouseClick(window.signals.panel.status, Qt.MouseButton.LeftButton)
    assert window.signals.panel.status.text() == "saved"
    assert window.main.close()


class Card:
    """A sound card that is turned by hand."""

    def __init__(self, rate_hz: int, fill: Any) -> None:
        self.rate_hz, self.fill, self.stopped = rate_hz, fill, False

    def stop(self) -> None:
        self.stopped = True


class Tone:
    """Sound whose samples tell their own place."""

    rate_hz, n_damaged = 8_000, 0

    def blocks(self, begin_ns: int = 0, end_ns: int | None = None) -> Any:
        first = begin_ns * self.rate_hz // S
        while first < 30 * self.rate_hz:
            yield first, (np.arange(first, first + 800) / 1e6).astype(np.float32)
            first += 800


def heard_at(player: SoundPlayer, card: Card, qtbot: Any, wait_s: float = 0.0) -> int:
    """Give the sample that the card is handed now."""
    qtbot.waitUntil(lambda: player._feeds[player.camera].ready(player.film_ns(wait_s)), timeout=30_000)
    out = np.zeros(80, np.float32)
    card.fill(out, wait_s)
    return round(float(out[0]) / player.volume * 1e6)


def test_sound_follows_the_playhead_at_normal_speed_only(qtbot: Any, window: Any) -> None:
    now, cards = [0], []
    head = window.desk.playhead
    head._now_ns = lambda: now[0]

    def open_card(rate_hz: int, fill: Any) -> Card:
        cards.append(Card(rate_hz, fill))
        return cards[-1]

    sounds: Any = {"front": (Tone(), ClockMap()), "side": (Tone(), ClockMap(2 * S))}
    player = SoundPlayer(head, sounds, open_card, lambda: now[0])
    head.seek(4 * S)
    head.play()
    assert player.sounding
    assert heard_at(player, cards[0], qtbot) == 4 * 8_000
    now[0] += S // 2
    assert abs(heard_at(player, cards[0], qtbot) - 4.5 * 8_000) <= 1
    head.seek(10 * S)
    # What is written now is heard a little later: the film will be there by then.
    assert abs(heard_at(player, cards[0], qtbot, 0.1) - 10.1 * 8_000) <= 1
    head.set_speed(2.0)
    assert cards[0].stopped
    assert player.silent_because == "silent at 2x"
    head.set_speed(1.0)
    player.choose("side")
    assert abs(heard_at(player, cards[-1], qtbot) - 8 * 8_000) <= 8
    player.mute(True)
    assert cards[-1].stopped
    assert player.silent_because == "muted"
    head.pause()
    player.mute(False)
    assert not player.sounding
    player.close()


def test_without_a_sound_card_the_film_plays_and_it_is_said(window: Any, qtbot: Any) -> None:
    def no_card(_rate_hz: int, _fill: Any) -> Card:
        raise NoDeviceError("no sound device on this computer")

    sounds: Any = {"front": (Tone(), ClockMap())}
    player = SoundPlayer(window.desk.playhead, sounds, no_card)
    bar = SoundBar(player, window.theme)
    qtbot.addWidget(bar)
    window.desk.playhead.play()
    assert not player.sounding
    assert bar.why.text() == "no sound device on this computer"
    window.desk.playhead.pause()
    player.close()


def test_volume_mute_and_camera_by_the_bar(window: Any, qtbot: Any) -> None:
    sounds: Any = {"front": (Tone(), ClockMap()), "side": (Tone(), ClockMap())}
    player = SoundPlayer(window.desk.playhead, sounds, Card)
    bar = SoundBar(player, window.theme)
    qtbot.addWidget(bar)
    bar.volume.setValue(25)
    assert player.volume == 0.25
    QTest.mouseClick(bar.mute, Qt.MouseButton.LeftButton)
    assert player.muted
    player.mute(False)
    assert not bar.mute.isChecked()
    bar.camera.setCurrentText("side")
    assert player.camera == "side"
    player.close()


def test_reading_ahead_shows_the_right_pictures_while_playing_and_stepping(window: Any, qtbot: Any) -> None:
    now = [0]
    head = window.desk.playhead
    head._now_ns = lambda: now[0]
    head.play()
    seen = []
    for _ in range(60):
        now[0] += S // 50
        window._tick()
        qtbot.wait(4)
        shown = window.films.shown["front"]
        assert number_in(window.films.picture("front")) == shown
        assert shown <= head.time_ns // (S // 25)
        seen.append(shown)
    assert len(set(seen)) > 15
    assert seen == sorted(seen)
    head.pause()
    assert number_in(window.films.picture("front")) == head.time_ns // (S // 25)
    for _ in range(3):
        QTest.keyClick(window.timeline, Qt.Key.Key_Left)
    assert number_in(window.films.picture("front")) == head.time_ns // (S // 25)


def contrast(one: QColor, other: QColor) -> float:
    """Give the ratio of two colours' luminance as WCAG 2 counts it."""

    def luminance(colour: QColor) -> float:
        parts = np.array([colour.redF(), colour.greenF(), colour.blueF()])
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ (0.2126, 0.7152, 0.0722))

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def painted_contrast(widget: Any) -> float:
    """Give how much the writing of a widget stands out from what is around it, pixel by pixel."""
    picture = widget.grab().toImage()
    pixels = [QColor(picture.pixel(x, y)) for y in range(picture.height()) for x in range(picture.width())]
    counted = Counter(pixel.name() for pixel in pixels)
    ground = QColor(counted.most_common(1)[0][0])
    return max(contrast(QColor(name), ground) for name in counted)


def test_whether_it_is_saved_can_be_read_in_both_colours(
    window: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = window.signals.panel
    for _ in range(2):
        assert panel.status.text() == "saved"
        for part in (panel.status, panel.line):
            assert painted_contrast(part) >= 4.5, (window.theme.name, part.text())
        QTest.keyClick(window.timeline, Qt.Key.Key_F12)
        QApplication.processEvents()
    monkeypatch.setattr(type(panel.beats), "status", property(lambda _: "NOT SAVED"))
    panel.show_state()
    QApplication.processEvents()
    assert painted_contrast(panel.status) >= 4.5
