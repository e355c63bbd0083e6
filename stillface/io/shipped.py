"""Find a protocol, scheme or rule by its id: a lab's own first, then those that ship."""

from __future__ import annotations

import re
from pathlib import Path

from stillface._resources import protocols_dir
from stillface.errors import InputError
from stillface.io.strict_yaml import Node, load, nearest

__all__ = ["find", "ids_in", "load_named", "read_id", "shipped_dir"]

_ID = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")


def shipped_dir(kind: str) -> Path:
    """Give the folder of shipped files of one kind (``protocols``, ``schemes``, ``rules``)."""
    return protocols_dir() if kind == "protocols" else protocols_dir() / kind


def ids_in(folder: Path) -> tuple[str, ...]:
    """Give the ids of the files of one folder, sorted; none where the folder is absent."""
    return tuple(sorted(path.stem for path in folder.glob("*.yaml")))


def find(kind: str, name: str, search: Path | None) -> Path:
    """Give the file that defines `name`.

    Parameters
    ----------
    kind : {'protocols', 'schemes', 'rules'}
        Also the folder's name in a study.
    name : str
        The id.
    search : Path, optional
        A study folder, whose own files win.

    Raises
    ------
    InputError
        Nobody defines it; the nearest known id is suggested.
    """
    folders = [] if search is None else [search / kind]
    folders.append(shipped_dir(kind))
    if _ID.fullmatch(name):
        for folder in folders:
            path = folder / f"{name}.yaml"
            if path.is_file():
                return path
    known = sorted({known for folder in folders for known in ids_in(folder)})
    raise InputError(
        f"no {kind.removesuffix('s')} of this id",
        got=name,
        expected=f"one of {', '.join(known)}",
        fix=nearest(name, known) or f"put {name}.yaml in the study's folder {kind}",
    )


def load_named(kind: str, name: str | Path, search: Path | None) -> Node:
    """Read the file that defines something.

    Parameters
    ----------
    kind : {'protocols', 'schemes', 'rules'}
    name : str or Path
        An id such as ``ffsf_2_2_2``; a `Path`, or a string that ends in ``.yaml``, is a file. The id
        inside a file found by its id must be the one it is filed under.
    search : Path, optional
        A study folder: what stands in its folder of this kind wins over what ships.

    Raises
    ------
    InputError
        Nobody defines the id, or the file is no YAML that we read; with file and line.
    """
    if isinstance(name, Path) or name.endswith((".yaml", ".yml")):
        return load(name)
    path = find(kind, name, search)
    root = load(path)
    block = kind.removesuffix("s")
    inside = root.entries().get(block)
    own = inside.entries().get("id") if inside is not None else None
    if own is not None and own.text() != name:
        raise own.error("the id differs from the file's name", expected=name, fix="rename one of the two")
    return root


def read_id(node: Node) -> str:
    """Read an id: letters, digits, ``_`` and ``-``, so that it can name a file and a column."""
    value = node.text()
    if not _ID.fullmatch(value):
        raise node.error("not an id", expected="a letter, then letters, digits, _ or - (at most 64)")
    return value
