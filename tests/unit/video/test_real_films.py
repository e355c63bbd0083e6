"""Real films: every frame by random access equals the one decoded in order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stillface.video import load_index, open_video

pytestmark = pytest.mark.real

# Frames shown, and the film's length by its own header in seconds.
FILMS = {
    "babyjokes_2UWdXP.joke1.rep2.take1.Peekaboo_h265.mp4": (216, 15.189),
    "babyjokes_2UWdXP.joke4.rep1.take1.TearingPaper_h265.mp4": (118, 8.405),
    "babyjokes_6c6MZQ.joke2.rep1.take1.NomNomNom_h265.mp4": (237, 7.934),
    "father_daughter.mp4": (177, 7.080),
    "intel_two_people.gif": (56, 4.660),
    "no_face.mp4": (95, 3.945),
    "single_face.mp4": (72, 2.400),
}


@pytest.mark.parametrize("name", FILMS)
def test_forty_seeks_are_exact(name: str, shared_data: Path) -> None:
    n_frames, length_s = FILMS[name]
    with open_video([shared_data / "video" / name], None) as film:
        assert film.clock.n_frames == n_frames
        assert film.clock.duration_ns / 1e9 == pytest.approx(length_s, abs=0.1)
        wanted = np.random.default_rng(8).integers(0, n_frames, size=40).tolist()
        in_order = {k: picture for k, picture in film.frames(0, n_frames) if k in set(wanted)}
        for k in wanted:
            np.testing.assert_array_equal(film.frame(k), in_order[k])


def test_the_slow_frame_of_a_variable_rate_film_lasts_as_long_as_it_did(shared_data: Path) -> None:
    index = load_index(shared_data / "video" / "babyjokes_2UWdXP.joke1.rep2.take1.Peekaboo_h265.mp4", None)
    lengths_ns = np.diff(index.clock.edges_ns)
    assert np.count_nonzero(lengths_ns > 1.5 * np.median(lengths_ns)) == 1


def test_an_edit_list_of_a_real_phone_is_honoured(shared_data: Path) -> None:
    index = load_index(shared_data / "video" / "no_face.mp4", None)
    assert index.n_hidden == 3
    assert index.clock.onset_ns(0) == 0
