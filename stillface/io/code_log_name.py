"""The name of a log's file: whose it is, and from which computer."""

from __future__ import annotations

import re
from pathlib import Path

from stillface.errors import FieldError

__all__ = ["log_name", "parse_log_name"]

_CODER = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_INSTALL = re.compile(r"[A-Za-z0-9-]{4,64}\Z")


def log_name(coder: str, install: str) -> str:
    """Give the file name of a coder's log on one computer; raises FieldError on an unfit id."""
    for name, value, rule in (("coder", coder, _CODER), ("install", install, _INSTALL)):
        if not rule.match(value):
            raise FieldError(
                "unfit for a file name",
                where=name,
                got=value,
                expected="letters, digits, hyphen",
            )
    return f"{coder}.{install}.jsonl"


def parse_log_name(path: Path) -> tuple[str, str] | None:
    """Give coder and install of a log's file name, or None when the file is no log."""
    coder, dot, install = path.name.removesuffix(".jsonl").partition(".")
    if not path.name.endswith(".jsonl") or not dot:
        return None
    return (coder, install) if _CODER.match(coder) and _INSTALL.match(install) else None
