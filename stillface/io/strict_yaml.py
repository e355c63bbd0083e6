"""Read YAML without its surprises, and say file and line when something is wrong.

A person writes these files by hand, so a slip must be an error and never a value: YAML 1.1 reads
``no`` as false, ``1:30`` as 90 and ``1.10`` as 1.1, and lets the second of two equal keys win.
Here scalars stay text until a reader asks for a type. Nothing is ever constructed from a tag.

Typical use::

    root = load(path)
    fields = root.fields(required=("id", "version"), optional=("title",))
    protocol_id = fields["id"].text()
    title = fields["title"].text() if "title" in fields else ""
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from stillface.errors import FieldError, InputError, StorageError
from stillface.io.yaml_nodes import Node, Plain, nearest, resolve, surprise_in

__all__ = ["MAX_BYTES", "MAX_DEPTH", "Node", "Plain", "dump", "load", "nearest"]

MAX_BYTES = 1_000_000
MAX_DEPTH = 20


def load(path: str | Path) -> Node:
    """Read one YAML file into nodes that know their line.

    Parameters
    ----------
    path : str or Path
        A file of at most `MAX_BYTES`, in UTF-8.

    Returns
    -------
    Node
        The top of the file.

    Raises
    ------
    InputError
        Not YAML, or YAML that people misread: repeated keys, anchors and aliases, tags, merge
        keys, ``yes/no/on/off/y/n``, ``1:30``, ``010``, ``.nan``, several documents.
    StorageError
        The file is there but cannot be read.
    """
    path = Path(path)
    text = _read_text(path)
    try:
        root = _Builder(path).build(yaml.parse(text, Loader=yaml.SafeLoader))
    except yaml.YAMLError as broken:
        raise _syntax_error(path, text, broken) from broken
    if root is None:
        raise InputError("the file is empty", where=f"{path}:1", expected="YAML text")
    return root


def dump(value: Plain) -> str:
    """Write plain values as YAML that `load` reads back to the same values.

    Raises
    ------
    FieldError
        A number that is not finite: YAML could hold it, our tables may not.
    """
    return yaml.dump(value, Dumper=_StrictDumper, sort_keys=False, allow_unicode=True, width=100, indent=2)


def _read_text(path: Path) -> str:
    if not path.is_file():
        raise InputError("there is no such file", where=str(path), fix="check the path")
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as refused:
        raise StorageError("the file cannot be read", where=str(path), got=refused.strerror) from refused
    if len(raw) > MAX_BYTES:
        raise InputError(
            "the file is too large for a settings file",
            where=str(path),
            got=f"more than {MAX_BYTES} bytes",
            expected=f"at most {MAX_BYTES} bytes",
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as broken:
        line = raw.count(b"\n", 0, broken.start) + 1
        raise InputError(
            "the file is not UTF-8 text",
            where=f"{path}:{line}",
            got=f"byte 0x{raw[broken.start]:02x}",
            expected="UTF-8",
            fix="save it again with the encoding UTF-8",
        ) from broken


def _syntax_error(path: Path, text: str, broken: yaml.YAMLError) -> InputError:
    fix = None
    if isinstance(broken, yaml.MarkedYAMLError):
        marks = [mark.line for mark in (broken.problem_mark, broken.context_mark) if mark is not None]
        line = marks[0] + 1 if marks else 1
        what = broken.problem or broken.context or "unreadable"
        if "\\t" in what:
            fix = "indent with spaces, not tabs"
    elif isinstance(broken, yaml.reader.ReaderError):
        line = text.count("\n", 0, broken.position) + 1
        what = f"a character that YAML forbids (code {broken.character:#x})"
    else:
        line, what = 1, "unreadable"
    return InputError(f"not valid YAML: {what}", where=f"{path}:{line}", fix=fix)


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not been reached."""

    where: str
    name: str
    items: list[Node]
    entries: dict[str, Node] | None = None
    key: str | None = None
    key_where: str = ""

    def child_name(self) -> str:
        if self.entries is None:
            return f"{self.name}[{len(self.items)}]"
        return f"{self.name}.{self.key}" if self.name else str(self.key)


class _Builder:
    """Turns parser events into nodes with an explicit stack: depth cannot exhaust Python's."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: list[_Open] = []
        self._root: Node | None = None

    def build(self, events: Iterator[yaml.Event]) -> Node | None:
        documents = 0
        for event in events:
            # The parser marks every event; only events made by hand have no mark.
            line = event.start_mark.line + 1 if event.start_mark is not None else 1
            where = f"{self._path}:{line}"
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise InputError("a second document", where=where, fix="keep one per file")
            elif isinstance(event, yaml.NodeEvent):
                _refuse_references(event, where)
                self._node(event, where)
            elif isinstance(event, yaml.CollectionEndEvent):
                done = self._open.pop()
                value = tuple(done.items) if done.entries is None else done.entries
                self._place(Node(value, done.where, done.name))
        return self._root

    def _node(self, event: yaml.NodeEvent, where: str) -> None:
        parent = self._open[-1] if self._open else None
        wants_key = parent is not None and parent.entries is not None and parent.key is None
        if isinstance(event, yaml.ScalarEvent):
            quoted = event.style is not None
            surprise = None if quoted else surprise_in(event.value)
            if surprise:
                raise InputError(surprise[0], where=where, got=event.value, fix=surprise[1])
            if wants_key and parent is not None:
                _take_key(parent, event.value, where)
            else:
                self._place(Node(event.value, self._where(where), self._name(), quoted))
            return
        if wants_key:
            raise InputError("a list or mapping used as a key", where=where, expected="a text")
        if len(self._open) >= MAX_DEPTH:
            raise InputError("nested too deeply", where=where, expected=f"at most {MAX_DEPTH} levels")
        entries: dict[str, Node] | None = {} if isinstance(event, yaml.MappingStartEvent) else None
        self._open.append(_Open(self._where(where), self._name(), [], entries))

    def _where(self, own: str) -> str:
        # A value is looked for at its key: the value itself may begin on a later line.
        return self._open[-1].key_where or own if self._open else own

    def _name(self) -> str:
        return self._open[-1].child_name() if self._open else ""

    def _place(self, node: Node) -> None:
        if not self._open:
            self._root = node
            return
        parent = self._open[-1]
        if parent.entries is None:
            parent.items.append(node)
        elif parent.key is not None:
            parent.entries[parent.key] = node
            parent.key, parent.key_where = None, ""


def _take_key(parent: _Open, key: str, where: str) -> None:
    entries = parent.entries or {}
    if key in entries:
        raise InputError(
            "the same key twice",
            where=where,
            got=key,
            fix=f"keep one of them; the first is at {entries[key].where}",
        )
    if key == "<<" or not key:
        raise InputError("not a key", where=where, got=key, fix="write the keys out")
    parent.key, parent.key_where = key, where


def _refuse_references(event: yaml.NodeEvent, where: str) -> None:
    if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
        raise InputError("an anchor or alias", where=where, got=event.anchor, fix="write the value out")
    tag = getattr(event, "tag", None)
    if tag is not None:
        raise InputError("a tag", where=where, got=tag, fix="remove the tag")


class _StrictDumper(yaml.SafeDumper):
    """Writes no aliases, and quotes every text that `load` would not read as text."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    ambiguous = surprise_in(text) is not None or not isinstance(resolve(text), str)
    style = '"' if ambiguous else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _represent_number(dumper: yaml.SafeDumper, value: float) -> yaml.ScalarNode:
    if not math.isfinite(value):
        raise FieldError("not a finite number", where="dump", got=value, expected="a finite number")
    # YAML takes 3e-12 for text, and would mark it with a tag that `load` refuses; 3.0e-12 is a number.
    text = repr(value)
    if "." not in text:
        text = text.replace("e", ".0e")
    return dumper.represent_scalar("tag:yaml.org,2002:float", text)


_StrictDumper.add_representer(str, _represent_text)
_StrictDumper.add_representer(float, _represent_number)
