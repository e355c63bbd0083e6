"""The pages in a real browser: nothing is requested, nothing runs, both themes are readable."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from fixtures import report_example as example
from stillface.report import session_report, study_report

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed on this machine")

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-default-apps", "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)  # fmt: skip

Browse = Callable[..., str]


@pytest.fixture
def browse(tmp_path: Path) -> Browse:
    def run(page: Path, *flags: str) -> str:
        assert CHROMIUM is not None
        profile = f"--user-data-dir={tmp_path / 'profile'}"
        done = subprocess.run(
            [CHROMIUM, *FLAGS, profile, *flags, page.as_uri()],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        return done.stdout

    return run


@pytest.fixture
def listener() -> Iterator[tuple[int, list[str]]]:
    """A server on this machine that notes whatever is asked of it."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    # A browser holds spare connections open: a server of one thread would wait on them.
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port, asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_even_injected_markup_neither_runs_nor_asks(
    tmp_path: Path, browse: Browse, listener: tuple[int, list[str]]
) -> None:
    port, asked = listener
    attack = (
        f"<img src='http://127.0.0.1:{port}/image'><script>document.title='ran'</script>"
        f"<link rel=stylesheet href='http://127.0.0.1:{port}/style'>"
        f"<iframe src='http://127.0.0.1:{port}/frame'></iframe>"
    )
    html = session_report(example.session_data())
    open_page, page = tmp_path / "open.html", tmp_path / "report.html"
    open_page.write_text("<title>safe</title>" + attack, "utf-8")
    page.write_text(html.replace("</main>", attack + "</main>"), "utf-8")
    # Without the policy the same markup runs and asks: the test can see what it looks for.
    assert "<title>ran</title>" in browse(open_page, "--dump-dom")
    assert "/image" in asked
    asked.clear()
    dom = browse(page, "--dump-dom")
    assert "<title>Session S01 · stillface</title>" in dom
    assert asked == []


@pytest.mark.parametrize("kind", ["session", "study"])
def test_page_is_drawn_on_light_and_dark(tmp_path: Path, browse: Browse, kind: str) -> None:
    from PIL import Image

    html = session_report(example.session_data()) if kind == "session" else study_report(example.study_data())
    page = tmp_path / "report.html"
    page.write_text(html, "utf-8")
    corner, spread = {}, {}
    for theme, flag in (("light", "preferredColorScheme=1"), ("dark", "preferredColorScheme=0")):
        shot = tmp_path / f"{theme}.png"
        browse(page, "--window-size=1280,1400", f"--blink-settings={flag}", f"--screenshot={shot}")
        with Image.open(shot) as picture:
            grey = picture.convert("L")
            corner[theme] = grey.getpixel((2, 2))
            spread[theme] = grey.getextrema()
    assert corner["light"] > 230
    assert corner["dark"] < 40
    for darkest, lightest in spread.values():
        assert lightest - darkest > 180
