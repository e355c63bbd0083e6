"""The version of a study's files, and the way from an older one to this one."""

from __future__ import annotations

from stillface.errors import InputError
from stillface.io.strict_yaml import Node

__all__ = ["SCHEMA_VERSION", "check_version"]

SCHEMA_VERSION = 1
"""Version of study.yaml and session.yaml. A later version adds its step here, beside a test that reads
a study of every version there ever was."""


def check_version(root: Node) -> int:
    """Read ``schema_version`` before anything else of a file.

    Raises
    ------
    InputError
        No version, or one that this program does not know: a newer study is not read half.
    """
    entries = root.entries()
    if "schema_version" not in entries:
        raise root.error("no version", expected=f"schema_version: {SCHEMA_VERSION}", fix="add that line")
    node = entries["schema_version"]
    version = node.integer()
    if version > SCHEMA_VERSION:
        raise InputError(
            "made by a newer stillface",
            where=node.where,
            got=f"schema_version {version}",
            expected=f"at most {SCHEMA_VERSION}",
            fix="update stillface; the file was left as it is",
        )
    if version < 1:
        raise node.error("no such version", expected=f"1 to {SCHEMA_VERSION}")
    return version
