"""Without the decoding library one line says how to get it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_without_av_the_install_line_is_named(repo: Path) -> None:
    script = (
        "import sys; sys.modules['av'] = None\n"
        "from stillface.errors import MissingExtraError\n"
        "try:\n    import stillface.video\n"
        "except MissingExtraError as error:\n    print(error)\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=repo)
    assert run.stdout.strip() == (
        "reading video needs the package 'av', which is not installed; run: pip install \"stillface[track]\""
    )
