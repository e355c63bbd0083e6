"""Processor time until a napari viewer stands, and the size of the Qt binding that is installed.

Run it once in an environment with ``napari PyQt6`` and once in one with ``napari PySide6-Essentials``, on a
screen or under xvfb-run: ``python benchmarks/qt_start.py``. Prints the median of five new processes.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path

CHILD = """
import time, napari
from qtpy import API_NAME, QT_VERSION
from qtpy.QtWidgets import QApplication
viewer = napari.Viewer()
QApplication.processEvents()
print(API_NAME, QT_VERSION, time.process_time())
viewer.close()
"""


def main() -> None:
    """Start five viewers and print."""
    seconds = []
    for _ in range(5):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", CHILD], capture_output=True, text=True, check=True
        )
        name, qt_version, used_s = done.stdout.split()
        seconds.append(float(used_s))
    folder = {"PyQt6": "PyQt6", "PySide6": "PySide6"}[name]
    found = next(Path(path) / folder for path in sys.path if (Path(path) / folder).is_dir())
    size_mb = sum(file.stat().st_size for file in found.rglob("*") if file.is_file()) / 1e6
    print(f"{name} with Qt {qt_version}: {statistics.median(seconds):.2f} s processor time, {size_mb:.0f} MB")


if __name__ == "__main__":
    main()
