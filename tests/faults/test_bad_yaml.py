"""Settings files that are broken, hostile, or that people misread: one clear line each."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillface.errors import InputError
from stillface.io.protocol_yaml import load_protocol
from stillface.io.strict_yaml import MAX_BYTES, load

_BOMB = b"a: &a [x, x, x, x, x, x, x, x, x]\n" + b"".join(
    b"%c: &%c [*%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c]\n" % (98 + i, 98 + i, *[97 + i] * 9)
    for i in range(8)
)

BAD = {
    "duplicate key": (b"a: 1\nb: 2\na: 3\n", 3, "the same key twice"),
    "duplicate key in a flow mapping": (b"keys: {p: 1, p: 2}\n", 1, "the same key twice"),
    "python object": (b"a: 1\nb: !!python/object/apply:os.system ['true']\n", 2, "a tag"),
    "tag on a scalar": (b"a: !!str 5\n", 1, "a tag"),
    "local tag": (b"!study\na: 1\n", 1, "a tag"),
    "alias bomb": (_BOMB, 1, "an anchor or alias"),
    "anchor": (b"a: &here 1\n", 1, "an anchor or alias"),
    "alias": (b"a: 1\nb: *a\n", 2, "an anchor or alias"),
    "merge key": (b"base: {a: 1}\nb:\n  <<: {a: 1}\n", 3, "not a key"),
    "code no": (b"x: 1\ncode: no\n", 2, 'quote it: "no"'),
    "code as key": (b"codes:\n  off: 1\n", 2, 'quote it: "off"'),
    "hotkey y": (b"keys: {pos: y}\n", 1, 'quote it: "y"'),
    "minutes and seconds": (b"nominal_s: 1:30\n", 1, "base 60"),
    "clock time": (b"onset: 12:30:45.5\n", 1, "base 60"),
    "octal": (b"person_id: 007\n", 1, "leading zero"),
    "hexadecimal": (b"a: 0x1F\n", 1, "hexadecimal"),
    "underscores": (b"a: 1_000\n", 1, "underscore"),
    "not a number": (b"a: .nan\n", 1, "not finite"),
    "infinite": (b"a: -.INF\n", 1, "not finite"),
    "overflow": (b"a: 1e999\n", 1, "not finite"),
    "tab": (b"a:\n\tb: 1\n", 2, "spaces, not tabs"),
    "unclosed bracket": (b"a: [1, 2\nb: 3\n", 2, "not valid YAML"),
    "unclosed quote": (b"a: 'x\n", 2, "not valid YAML"),
    "control character": (b"a: 1\nb: \x07\n", 2, "forbids"),
    "utf-16": ("a: 1\n".encode("utf-16"), 1, "not UTF-8"),
    "latin-1": ("title: 1\nname: B\xe9b\xe9\n".encode("latin-1"), 2, "not UTF-8"),
    "two documents": (b"a: 1\n---\nb: 2\n", 2, "a second document"),
    "empty": (b"", 1, "empty"),
    "comment only": (b"# nothing yet\n", 1, "empty"),
    "list as key": (b"? [a, b]\n: 1\n", 1, "used as a key"),
    "empty key": (b"a: 1\n'': 1\n", 2, "not a key"),
    "too deep": (b"[" * 30 + b"]" * 30, 1, "nested too deeply"),
    "far too deep": (b"[" * 200_000, 1, "nested too deeply"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_file_is_refused_at_its_line(name: str, tmp_path: Path) -> None:
    content, line, needle = BAD[name]
    path = tmp_path / "bad.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError) as refused:
        load(path)
    message = str(refused.value)
    assert message.startswith(f"{path}:{line}: "), message
    assert needle in message
    assert "\n" not in message
    assert path.read_bytes() == content


def test_too_large_a_file_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_bytes(b"a: 1\n" + b"# " + b"x" * (10 * MAX_BYTES))
    tracemalloc.start()
    with pytest.raises(InputError, match="too large"):
        load(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * MAX_BYTES


@pytest.mark.timeout(60)
def test_bombs_are_refused_and_not_unfolded(tmp_path: Path) -> None:
    path = tmp_path / "bomb.yaml"
    for content in (_BOMB, b"[" * 900_000, b"{a: " * 200_000):
        path.write_bytes(content)
        with pytest.raises(InputError):
            load(path)


def test_missing_file_and_folder_are_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(InputError, match="there is no such file") as refused:
            load(path)
        assert str(path) in str(refused.value)


@settings(max_examples=150, deadline=None)
@given(
    start=st.integers(0, 2000),
    removed=st.integers(0, 12),
    inserted=st.binary(max_size=4) | st.sampled_from([b"\n", b": ", b"- ", b"[", b"}", b"'", b"&a ", b"!t "]),
)
def test_damaged_protocol_is_read_or_refused_in_one_line(
    repo: Path, tmp_path_factory: pytest.TempPathFactory, start: int, removed: int, inserted: bytes
) -> None:
    whole = (repo / "protocols" / "ffsf_double.yaml").read_bytes()
    path = tmp_path_factory.getbasetemp() / "damaged.yaml"
    path.write_bytes(whole[:start] + inserted + whole[start + removed :])
    try:
        outcome = f"{path}: {load_protocol(path).id}"
    except InputError as refused:
        outcome = str(refused)
    assert outcome.startswith(f"{path}:")
    assert "\n" not in outcome
