"""Settings files: what is read as what, and that what we write is what we read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillface.errors import FieldError, InputError
from stillface.io.strict_yaml import Node, dump, load, nearest

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to_file(text: str) -> Path:
        path = tmp_path / "some.yaml"
        path.write_bytes(text.encode())
        return path

    return to_file


def test_reads_every_kind_of_value_with_its_type(write: Write) -> None:
    root = load(
        write(
            "text: plain words\nquoted: '1.10'\ninteger: 120\nnumber: .5\nyes_or_no: true\n"
            "nothing: null\nlist: [a, 'no', 3]\nnested: {inner: -1}\nlong: |\n  two\n  lines\n"
        )
    )
    fields = root.entries()
    assert fields["text"].text() == "plain words"
    assert fields["quoted"].text() == "1.10"
    assert fields["integer"].integer() == 120
    assert fields["integer"].number() == 120.0
    assert fields["number"].number() == 0.5
    assert fields["yes_or_no"].boolean() is True
    assert fields["nothing"].is_null
    assert [item.plain() for item in fields["list"].items()] == ["a", "no", 3]
    assert fields["nested"].entries()["inner"].integer() == -1
    assert fields["long"].text() == "two\nlines\n"


def test_every_value_knows_its_file_line_and_path_of_keys(write: Write) -> None:
    path = write("study:\n  roles:\n    - infant\n    - id: caregiver\n")
    roles = load(path).entries()["study"].entries()["roles"]
    assert roles.where == f"{path}:2"
    assert roles.items()[0].where == f"{path}:3"
    caregiver = roles.items()[1].entries()["id"]
    assert (caregiver.where, caregiver.name) == (f"{path}:4", "study.roles[1].id")


def test_unknown_key_is_refused_with_the_nearest_known_one(write: Write) -> None:
    path = write("id: x\nnominal_secs: 120\n")
    with pytest.raises(InputError) as refused:
        load(path).fields(required=("id",), optional=("nominal_s", "kind"))
    assert str(refused.value) == (
        f"{path}:2: unknown key in this file: got nominal_secs, expected one of id, nominal_s, kind; "
        "did you mean nominal_s?"
    )


def test_missing_key_is_named(write: Write) -> None:
    path = write("a: 1\nb:\n  c: 2\n")
    with pytest.raises(InputError, match=r"some\.yaml:2: a key is missing in b: got keys c, expected id"):
        load(path).entries()["b"].fields(required=("id",), optional=("c",))


def test_optional_null_counts_as_not_given_and_required_null_stays(write: Write) -> None:
    fields = load(write("a: null\nb: null\n")).fields(required=("a",), optional=("b",))
    assert list(fields) == ["a"]


@pytest.mark.parametrize(
    ("value", "read", "needle"),
    [
        ("1.10", Node.text, 'quote it: "1.10"'),
        ("12", Node.text, 'quote it: "12"'),
        ("true", Node.text, 'quote it: "true"'),
        ("#e69f00", Node.text, "must be in quotes"),
        ("[a]", Node.text, "not a text"),
        ("'12'", Node.integer, "not a whole number"),
        ("1.5", Node.integer, "not a whole number"),
        ("fast", Node.number, "not a number"),
        ("nan", Node.number, "not a number"),
        ("'true'", Node.boolean, "not true or false"),
        ("1", Node.boolean, "not true or false"),
        ("a", Node.items, "not a list"),
        ("a", Node.entries, "not a mapping"),
        ("[a, 2]", Node.texts, 'quote it: "2"'),
    ],
)
def test_wrong_type_says_key_and_line(
    write: Write, value: str, read: Callable[[Node], object], needle: str
) -> None:
    path = write(f"first: 1\nkey: {value}\n")
    with pytest.raises(InputError) as refused:
        read(load(path).entries()["key"])
    assert str(refused.value).startswith(f"{path}:2: key")
    assert needle in str(refused.value)


def test_choice_lists_what_is_allowed(write: Write) -> None:
    node = load(write("kind: reunoin\n")).entries()["kind"]
    with pytest.raises(InputError, match=r"expected one of baseline, reunion; did you mean reunion\?"):
        node.choice(("baseline", "reunion"))


def test_refused_field_of_a_domain_object_gets_the_file_line(write: Write) -> None:
    def make() -> None:
        raise FieldError("not positive", where="Episode.nominal_s", got=-1, expected="> 0")

    path = write("a: 1\nb: 2\n")
    with pytest.raises(InputError) as refused:
        load(path).entries()["b"].build(make)
    assert str(refused.value) == f"{path}:2: not positive (Episode.nominal_s): got -1, expected > 0"


def test_byte_order_mark_and_windows_line_ends_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "notepad.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: two\r\n")
    assert load(path).plain() == {"a": 1, "b": "two"}
    assert load(path).entries()["b"].where == f"{path}:2"


def test_nearest_says_nothing_when_nothing_is_near() -> None:
    assert nearest("Protocl", ("protocol", "scheme")) == "did you mean protocol?"
    assert nearest("zzz", ("protocol", "scheme")) is None


_KEYS = st.text(st.characters(codec="ascii", categories=["L", "Nd"]), min_size=1, max_size=8)
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)
    | st.sampled_from(["no", "Yes", "y", "1:30", "010", "0x1f", "1_000", ".nan", "1.10", "null", "~", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=8,
)


@given(value=_VALUES)
def test_what_is_written_is_read_back_the_same(
    tmp_path_factory: pytest.TempPathFactory, value: object
) -> None:
    path = tmp_path_factory.mktemp("round") / "trip.yaml"
    path.write_text(dump({"value": value}), encoding="utf-8")  # type: ignore[dict-item]
    assert load(path).plain() == {"value": value}


def test_number_that_is_not_finite_is_not_written() -> None:
    with pytest.raises(FieldError, match="not a finite number"):
        dump({"rate_hz": float("nan")})


def test_repeated_objects_are_written_out_and_not_as_aliases(write: Write) -> None:
    shared = [1, 2]
    path = write(dump({"a": shared, "b": shared}))
    assert load(path).plain() == {"a": [1, 2], "b": [1, 2]}
