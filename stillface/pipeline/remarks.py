"""What steps had to say, kept beside their results: a page made later says it too."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from stillface.errors import InputError
from stillface.io.bundle import StudyFolder
from stillface.io.durable import storage_error, write_atomic
from stillface.pipeline.steps import Step

__all__ = ["keep_remarks", "kept_remarks"]

_FILE = "remarks.json"


def keep_remarks(folder: StudyFolder, step: Step, lines: Iterable[str]) -> None:
    """Keep what a step said under the key of its results; raises InputError, StorageError."""
    path = folder.session_dir(step.session_id) / _FILE
    before, said = _read(path), {"key": step.key, "lines": list(lines)}
    if said["lines"] or step.name in before:
        kept = {**before, step.name: said}
        write_atomic(path, json.dumps(kept, indent=1, sort_keys=True, ensure_ascii=False).encode())


def kept_remarks(folder: StudyFolder, session_id: str, steps: Iterable[Step]) -> tuple[str, ...]:
    """Give what the steps said whose results are there, in the order of the steps.

    Raises
    ------
    InputError
        The file of remarks is damaged.
    """
    kept = _read(folder.session_dir(session_id) / _FILE)
    said = (kept[step.name] for step in steps if step.name in kept and kept[step.name]["key"] == step.key)
    return tuple(line for remark in said for line in remark["lines"])


def _read(path: Path) -> dict[str, dict[str, Any]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {
            str(name): {"key": str(said["key"]), "lines": [str(line) for line in said["lines"]]}
            for name, said in content.items()
        }
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise storage_error(error, path, "could not read") from error
    except (ValueError, AttributeError, TypeError, KeyError) as error:
        raise InputError(
            "the remarks of the steps are damaged",
            where=f"{path.parent.name}/{path.name}",
            fix="restore it from a backup, or delete it: pages then lack what earlier steps said",
        ) from error
