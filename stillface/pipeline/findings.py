"""What ``check``, ``verify`` and ``doctor`` say: one form for a person and for a script."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from stillface.domain import refuse
from stillface.domain.provenance import Json

__all__ = ["SEVERITIES", "Finding", "found", "in_order"]

SEVERITIES = ("problem", "warning", "note")
"""A problem stops the work or makes a result wrong, a warning wants a look, a note is good to know."""


@dataclass(frozen=True)
class Finding:
    """One thing that a person should know.

    Parameters
    ----------
    severity : {'problem', 'warning', 'note'}
    where : str
        Session, recording or file; empty for the whole study.
    what : str
        With the numbers it rests on.
    fix : str
        What to do; empty where the text says it.
    """

    severity: str
    where: str
    what: str
    fix: str = ""

    def __post_init__(self) -> None:
        refuse.one_of("Finding", "severity", self.severity, SEVERITIES)

    @property
    def line(self) -> str:
        """One line for a person."""
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}; {self.fix}" if self.fix else text

    def to_json(self) -> dict[str, Json]:
        """Give the same for a script."""
        return {"severity": self.severity, "where": self.where, "what": self.what, "fix": self.fix}


def found(findings: Iterable[Finding]) -> bool:
    """Tell whether there is more than notes; the commands then end with exit code 1."""
    return any(finding.severity != "note" for finding in findings)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort by severity, keeping the order in which they were found."""
    return tuple(sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity)))
