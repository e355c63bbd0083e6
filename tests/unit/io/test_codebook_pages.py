"""Every entry of the codebook names a heading that a user can open."""

from __future__ import annotations

import csv
import re
from pathlib import Path


def headings(page: Path) -> set[str]:
    lines = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).strip().replace(" ", "-") for line in lines}


def test_every_formula_is_a_heading_of_the_documentation(repo: Path) -> None:
    with (repo / "stillface" / "io" / "codebook.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 150
    pages: dict[str, set[str]] = {}
    for row in rows:
        page, _, heading = row["formula"].partition("#")
        if page not in pages:
            pages[page] = headings(repo / page)
        assert heading in pages[page], f"{row['name']}: {row['formula']}"
