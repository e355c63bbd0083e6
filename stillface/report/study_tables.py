"""Tables of a study's page that hold what is said of all sessions together."""

from __future__ import annotations

from dataclasses import dataclass

from stillface.domain import refuse
from stillface.errors import FieldError

__all__ = ["StudyTable"]


@dataclass(frozen=True)
class StudyTable:
    """A table as the page shows it.

    Parameters
    ----------
    id : str
        Anchor of its heading.
    heading, caption : str
    columns : tuple of str
    rows : tuple of tuple of str
        Each as long as ``columns``; the first cell names the row.
    caveat : str
        Id of the notice below it; empty for none.
    folded : bool
        Shown only when asked for.
    """

    id: str
    heading: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caveat: str = ""
    folded: bool = False

    def __post_init__(self) -> None:
        refuse.identifier("StudyTable", "id", self.id)
        for row in self.rows:
            if len(row) != len(self.columns):
                raise FieldError(
                    "another number of cells than columns",
                    where=f"StudyTable[{self.id}]",
                    got=len(row),
                    expected=len(self.columns),
                )
