"""Worker processes open the film for themselves and see the same pictures."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from fixtures.videos import digest_frames, write_clip, x264
from stillface.video import VideoOpener


def test_a_spawned_worker_decodes_the_same_pixels(tmp_path: Path) -> None:
    film_path = write_clip(tmp_path / "a.mp4", 60, options=x264())
    opener = VideoOpener((film_path,), tmp_path / "cache", threads=1)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(digest_frames, opener, 17, 60).result(60) == digest_frames(opener, 17, 60)


def test_the_number_of_decoder_threads_changes_nothing(tmp_path: Path) -> None:
    film_path = write_clip(tmp_path / "a.mp4", 60, options=x264())
    digests = {digest_frames(VideoOpener((film_path,), None, threads), 5, 55) for threads in (0, 1, 4)}
    assert len(digests) == 1
