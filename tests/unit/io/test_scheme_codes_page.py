"""The reference page lists the codes of every scheme that ships, as the files have them."""

from __future__ import annotations

from pathlib import Path

from stillface.io.scheme_yaml import load_scheme, shipped_scheme_ids


def listing() -> list[str]:
    """One row a scheme: its id and its codes in order, those that count as a gap in brackets."""
    rows = ["| scheme | codes |", "|---|---|"]
    for scheme_id in shipped_scheme_ids():
        codes = (f"(`{c.id}`)" if c.gap else f"`{c.id}`" for c in load_scheme(scheme_id).codes)
        rows.append(f"| `{scheme_id}` | {', '.join(codes)} |")
    return rows


def test_the_page_lists_the_codes_of_every_scheme(repo: Path) -> None:
    page = (repo / "docs/reference/protocols-and-schemes.md").read_text(encoding="utf-8")
    section = page.partition("\n### Codes\n")[2].partition("\n## ")[0]
    listed = [line for line in section.splitlines() if line.startswith("|")]
    assert listed == listing(), "the section should be:\n" + "\n".join(listing())
