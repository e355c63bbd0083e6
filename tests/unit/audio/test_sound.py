"""Sound is where the film's own time says it is."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from stillface.audio.sound import Sound, SoundFile, find_sound
from stillface.audio.waveform import load_waveform, make_waveform
from stillface.domain.clock import NS_PER_S as S
from stillface.errors import FieldError, InputError

MS = 1_000_000
RATE = 48_000
CLICKS_S = (0.5, 1.25, 2.0)


def write_sound(
    path: Path, values: np.ndarray, *, rate: int = 44_100, codec: str = "pcm_s16le", start_s: float = 0
) -> Path:
    """Write a film with sound only; a hole of stamps where a sample is NaN."""
    demuxer = {"pcm_s16le": "matroska", "aac": "mp4"}[codec]
    with av.open(str(path), "w", format=demuxer) as out:
        stream = out.add_stream(codec, rate=rate, layout="stereo")
        for first in range(0, values.size, 1024):
            part = values[first : first + 1024]
            if np.isnan(part).any():
                continue
            both = np.repeat(np.rint(part * 32767).astype(np.int16), 2).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(both, format="s16", layout="stereo")
            frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
            frame.pts = first + round(start_s * rate)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def clicks(rate: int = 44_100, length_s: float = 3) -> np.ndarray:
    values = np.zeros(round(rate * length_s))
    for at_s in CLICKS_S:
        values[round(at_s * rate) : round(at_s * rate) + rate // 200] = 0.9
    return values


def sound_of(
    path: Path, *, demuxer: str = "matroska,webm", origin_s: Fraction = Fraction(0), **more: int
) -> Sound:
    sound = find_sound([SoundFile(path, demuxer, origin_s, **more)], RATE)
    assert sound is not None
    return sound


def heard(sound: Sound, begin_ns: int = 0, end_ns: int | None = None) -> np.ndarray:
    """Lay the blocks where they belong; NaN where there is no sound."""
    out = np.full(RATE * 8, np.nan)
    for first, values in sound.blocks(begin_ns, end_ns):
        assert np.isnan(out[first : first + values.size]).all()
        out[first : first + values.size] = values
    return out


def onsets_s(values: np.ndarray) -> list[float]:
    loud = np.nan_to_num(values) > 0.3
    starts = np.flatnonzero(loud & ~np.concatenate(([False], loud[:-1])))
    return [float(k) / RATE for k in starts if not loud[max(k - 2000, 0) : k].any()]


@pytest.mark.parametrize("codec", ["pcm_s16le", "aac"])
def test_clicks_are_heard_when_they_were_made(tmp_path: Path, codec: str) -> None:
    path = write_sound(tmp_path / "film", clicks(), codec=codec)
    demuxer = "matroska,webm" if codec == "pcm_s16le" else "mov,mp4,m4a,3gp,3g2,mj2"
    assert onsets_s(heard(sound_of(path, demuxer=demuxer))) == pytest.approx(CLICKS_S, abs=0.001)


def test_the_films_own_zero_moves_the_sound(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "film", clicks(), start_s=1)
    at = onsets_s(heard(sound_of(path, origin_s=Fraction(1, 2))))
    assert at == pytest.approx([s + 0.5 for s in CLICKS_S], abs=0.002)


@pytest.mark.parametrize("begin_ms", [0, 400, 499, 1240, 1990])
def test_decoding_from_anywhere_gives_the_same_sound(tmp_path: Path, begin_ms: int) -> None:
    sound = sound_of(write_sound(tmp_path / "film", clicks(48_000), rate=48_000))
    part = heard(sound, begin_ms * MS, 2_400 * MS)
    expected = [s for s in onsets_s(heard(sound)) if s >= begin_ms / 1000]
    # This container's stamps are whole milliseconds.
    assert onsets_s(part) == pytest.approx(expected, abs=0.001)
    inside = slice(begin_ms * RATE // 1000, 2_400 * RATE // 1000)
    assert not np.isnan(part[inside]).any()
    part[inside] = np.nan
    assert np.isnan(part).all()


def test_a_hole_in_the_stamps_stays_a_hole(tmp_path: Path) -> None:
    values = clicks()
    values[44_100 : 44_100 + 8 * 1024] = np.nan
    out = heard(sound_of(write_sound(tmp_path / "film", values)))
    assert onsets_s(out) == pytest.approx((0.5, 1.25, 2.0), abs=0.002)
    hole = np.isnan(out[: 2 * RATE])
    assert 0.1 < hole.sum() / RATE < 0.25
    assert hole[round(1.08 * RATE)]


def test_chapters_follow_each_other_on_one_clock(tmp_path: Path) -> None:
    one = write_sound(tmp_path / "a", clicks())
    two = write_sound(tmp_path / "b", clicks())
    sound = Sound(
        (
            SoundFile(one, "matroska,webm", Fraction(0), 0, 0, 3 * S),
            SoundFile(two, "matroska,webm", Fraction(0), 3 * S, 3 * S),
        ),
        RATE,
    )
    assert onsets_s(heard(sound)) == pytest.approx([*CLICKS_S, *(3 + s for s in CLICKS_S)], abs=0.001)
    late = onsets_s(heard(sound, 4 * S))
    assert late == pytest.approx([4.25, 5.0], abs=0.001)


def test_a_film_without_sound_has_none(tmp_path: Path) -> None:
    from stillface.video.encode import write_video

    write_video(tmp_path / "film.mp4", [np.zeros((16, 16, 3), np.uint8)] * 3, Fraction(25))
    assert find_sound([SoundFile(tmp_path / "film.mp4", "mov", Fraction(0))]) is None


def test_what_is_no_film_is_refused(tmp_path: Path) -> None:
    (tmp_path / "film").write_bytes(b"not a film at all" * 100)
    with pytest.raises(InputError, match="sound cannot be read"):
        find_sound([SoundFile(tmp_path / "film", "matroska", Fraction(0))])


def test_the_waveform_shows_clicks_holes_and_level(tmp_path: Path) -> None:
    values = 0.5 * np.sin(2 * np.pi * 440 * np.arange(44_100 * 3) / 44_100)
    values[44_100:88_200] = 0
    values[88_200 : 88_200 + 20 * 1024] = np.nan
    wave = make_waveform(sound_of(write_sound(tmp_path / "film", values)))
    assert wave.lows.size == pytest.approx(3000, abs=2)
    columns = wave.columns(np.arange(0, 3_100, 100, dtype=np.int64) * MS)
    assert columns.highs[2] == pytest.approx(0.5, abs=0.02)
    assert columns.lows[2] == pytest.approx(-0.5, abs=0.02)
    assert columns.effective[2] == pytest.approx(0.5 / np.sqrt(2), abs=0.02)
    assert columns.highs[15] == pytest.approx(0, abs=0.01)
    assert columns.heard[15]
    assert not columns.heard[22]
    assert wave.loudness_db(0, S) == pytest.approx(20 * np.log10(0.5) - 3.01, abs=0.1)
    assert wave.loudness_db(1_100 * MS, 1_900 * MS) == -120.0
    assert wave.loudness_db(2_100 * MS, 2_300 * MS) is None


def test_coarse_columns_keep_every_extreme(tmp_path: Path) -> None:
    sound = sound_of(write_sound(tmp_path / "film", clicks(8_000, 40), rate=8_000))
    wave = make_waveform(sound)
    assert len(wave._levels) > 1
    for n in (3, 40, 400, 4000, 40_000):
        edges = np.linspace(0, 40 * S, n + 1).astype(np.int64)
        columns = wave.columns(edges)
        loud = columns.highs > 0.5
        assert loud.any()
        expected = {int(np.searchsorted(edges, round(s * S), side="right")) - 1 for s in CLICKS_S}
        assert expected <= {int(k) + d for k in np.flatnonzero(loud) for d in (-1, 0, 1)}
    outside = wave.columns(np.array([-5 * S, -S, 0, S, 50 * S, 60 * S], dtype=np.int64))
    assert outside.heard.tolist() == [False, False, True, True, False]


def test_the_cache_is_used_while_right_and_made_anew_when_stale_or_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, cache = write_sound(tmp_path / "film", clicks()), tmp_path / "cache" / "front.sound"
    sound = sound_of(path)
    first = load_waveform(sound, cache)
    with monkeypatch.context() as patch:
        patch.setattr(Sound, "blocks", lambda _self: iter(()))
        again = load_waveform(sound, cache)
        assert np.abs(again.highs - first.highs).max() < 1e-3
        assert np.array_equal(again.heard, first.heard)
    cache.write_bytes(cache.read_bytes()[:-9])
    assert np.array_equal(load_waveform(sound, cache).highs, first.highs)
    write_sound(path, clicks(length_s=4))
    assert load_waveform(sound_of(path), cache).highs.size > first.highs.size
    assert [p.name for p in cache.parent.iterdir()] == ["front.sound"]


def test_an_odd_rate_is_refused(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "film", clicks())
    with pytest.raises(FieldError, match="not a rate"):
        Sound((SoundFile(path, "matroska", Fraction(0)),), 10)
    with pytest.raises(FieldError, match="whole samples"):
        make_waveform(Sound((SoundFile(path, "matroska", Fraction(0)),), 44_100))


@pytest.mark.real
def test_the_sound_of_real_films_lasts_as_long_as_their_pictures(shared_data: Path) -> None:
    from stillface.video.index_cache import load_index

    films = sorted((shared_data / "video").glob("babyjokes*.mp4"))
    assert films
    for film in films:
        index = load_index(film, None)
        sound = find_sound([SoundFile(film, index.container, index.origin_s)])
        assert sound is not None
        wave = make_waveform(sound)
        assert abs(wave.heard.size / 1000 - index.clock.edges_ns[-1] / S) < 0.25
        assert wave.heard.mean() > 0.97
        loudness = wave.loudness_db(0, int(index.clock.edges_ns[-1]))
        assert loudness is not None
        assert -60 < loudness < 0
        assert sound.n_damaged == 0
