"""Films as exact frames: time stamps, random access, chapters, and writing them.

Import this package only where a film is really opened: it needs the package ``av``.
"""

from __future__ import annotations

from stillface.errors import MissingExtraError

try:
    import av  # noqa: F401
except ModuleNotFoundError as error:
    raise MissingExtraError("av", "track", needed_for="reading video") from error

from stillface.video.chapters import Join
from stillface.video.encode import write_video
from stillface.video.index import VideoIndex
from stillface.video.index_cache import load_index
from stillface.video.source import VideoOpener, VideoSource, open_video

__all__ = ["Join", "VideoIndex", "VideoOpener", "VideoSource", "load_index", "open_video", "write_video"]
