"""HDF5 written once, and HDF5 from anywhere read without trusting it.

A file is built in memory, hashed, and only then brought to the disk as finished bytes. HDF5 itself
never meets a full disk (it was seen to crash the process there), and a killed program leaves the old
file or the new one. Reading compares the file with its seal first, and then walks everything it claims
before a value is read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stillface.errors import InputError, StillfaceError, StorageError
from stillface.io.durable import OS_FS, FileSystem, require_free_space, write_atomic
from stillface.io.h5_seal import MAKE_ANEW, SEAL_BYTES, check_seal, seal_image
from stillface.io.h5_walk import Limits, attribute_names, check_tree

if TYPE_CHECKING:
    import h5py

__all__ = [
    "H5_SCHEMA",
    "Header",
    "Limits",
    "content_hash",
    "header_of",
    "open_checked",
    "verify",
    "write_once",
]

H5_SCHEMA = 1
LIMITS = Limits()
_CORE_STEP_BYTES = 16 << 20
_HASH_ROWS_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class Header:
    """What every file says of itself.

    Parameters
    ----------
    kind : str
        What it holds, for example ``face_track``.
    key : str
        Content key of inputs, parameters and versions; equal keys, equal content.
    provenance : str
        Canonical JSON.
    made_by : str
        Program version.
    content_sha256 : str
        Of names, types, shapes and values of all datasets.
    """

    kind: str
    key: str
    provenance: str
    made_by: str
    content_sha256: str


_HEADER = frozenset({"stillface_schema", *Header.__slots__})


def write_once(
    path: Path,
    fill: Callable[[h5py.File], None],
    *,
    kind: str,
    key: str,
    provenance: str,
    made_by: str,
    overwrite: bool = False,
    fs: FileSystem = OS_FS,
) -> Header:
    """Make a file with what ``fill`` puts into it, whole or not at all.

    Parameters
    ----------
    path : Path
    fill : callable
        Gets an empty file, in memory: the packed content has to fit there.
    kind, key, provenance, made_by : str
        See :class:`Header`.
    overwrite : bool
        Replace an existing file in one step. Without it an existing file is an error.

    Raises
    ------
    StorageError
        The file exists, the disk has no room (checked before anything is written) or failed.
    """
    if path.exists() and not overwrite:
        raise StorageError("this file exists and is written only once", where=path.name)
    header, image = _image(fill, kind=kind, key=key, provenance=provenance, made_by=made_by)
    sealed = seal_image(image, kind=kind, key=key)
    require_free_space(path.parent, len(sealed), fs=fs)

    def same_content(temp: Path) -> None:
        with open_checked(temp) as file:
            if content_hash(file) != header.content_sha256:
                raise StorageError("what was written reads back differently", where=path.name)

    write_atomic(path, sealed, verify=same_content, fs=fs)
    return header


def _image(fill: Callable[[h5py.File], None], **about: str) -> tuple[Header, bytes]:
    import h5py

    with h5py.File(
        "in-memory",
        "w",
        driver="core",
        backing_store=False,
        block_size=_CORE_STEP_BYTES,
        userblock_size=SEAL_BYTES,
    ) as file:
        fill(file)
        header = Header(**about, content_sha256=content_hash(file))
        file.attrs["stillface_schema"] = H5_SCHEMA
        for name in Header.__slots__:
            file.attrs[name] = getattr(header, name)
        file.flush()
        # The image begins after the user block, where the seal will stand.
        return header, file.id.get_file_image()


def content_hash(file: h5py.File) -> str:
    """Give SHA-256 over path, type, shape, values and attributes of everything but the header."""
    import h5py

    digest = hashlib.sha256()

    def add(path: str, item: Any) -> None:
        attrs = {name: _listed(item.attrs[name]) for name in attribute_names(item)[0] if name not in _HEADER}
        digest.update(json.dumps([path, attrs], sort_keys=True).encode())
        if isinstance(item, h5py.Dataset):
            digest.update(json.dumps([item.dtype.str, list(item.shape)]).encode())
            for block in _blocks(item):
                digest.update(np.ascontiguousarray(block).tobytes())

    add("/", file)
    file.visititems(add)
    return digest.hexdigest()


def _listed(value: Any) -> Any:
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value


def _blocks(dataset: h5py.Dataset) -> Iterator[Any]:
    if not dataset.shape or not dataset.size:
        yield dataset[()]
        return
    row_bytes = max(1, dataset.nbytes // dataset.shape[0])
    rows = max(1, _HASH_ROWS_BYTES // row_bytes)
    for start in range(0, dataset.shape[0], rows):
        yield dataset[start : start + rows]


@contextmanager
def open_checked(path: Path, *, kind: str | None = None, limits: Limits = LIMITS) -> Iterator[h5py.File]:
    """Open a file of ours for reading, after looking at everything it claims.

    Parameters
    ----------
    path : Path
    kind : str, optional
        Refuse any other kind.
    limits : Limits

    Raises
    ------
    InputError
        Damaged, hostile, of a newer version, or not a file of ours.
    StorageError
        The system could not read it.
    """
    check_seal(path)
    with _damage_named(path), _open(path) as file:
        check_tree(path, file, limits)
        header = _read_header(path, file)
        if kind is not None and header.kind != kind:
            raise InputError("holds something else", where=path.name, got=header.kind, expected=kind)
        yield file


@contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    """Turn what h5py raises on damaged bytes, which can be nearly anything, into one line."""
    try:
        yield
    except StillfaceError:
        raise
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError, MemoryError) as error:
        raise InputError("damaged inside", where=path.name, got=_short(error), fix=MAKE_ANEW) from error


def _open(path: Path) -> h5py.File:
    import h5py

    # A share without locks must still be readable; nothing is written through this handle.
    return h5py.File(path, "r", locking="best-effort")


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())


def header_of(path: Path) -> Header:
    """Give what a file says of itself, all checks of :func:`open_checked` done."""
    with open_checked(path) as file:
        return _read_header(path, file)


def _read_header(path: Path, file: h5py.File) -> Header:
    names = _HEADER.intersection(attribute_names(file)[0])
    found = {name: file.attrs[name] for name in names}
    schema = found.get("stillface_schema")
    if not isinstance(schema, (int, np.integer)):
        raise InputError("not made by stillface", where=path.name, expected="the attribute stillface_schema")
    if schema > H5_SCHEMA:
        raise InputError(
            f"made by a newer stillface, {found.get('made_by')}",
            where=path.name,
            got=f"format {schema}",
            expected=f"at most {H5_SCHEMA}",
            fix="update stillface",
        )
    for name in Header.__slots__:
        if not isinstance(found.get(name), str):
            raise InputError("an attribute is missing or no text", where=path.name, expected=name)
    return Header(**{name: found[name] for name in Header.__slots__})


def verify(path: Path) -> str | None:
    """Say what is wrong with the content of a file, or None when it is what was written."""
    try:
        with open_checked(path) as file:
            if content_hash(file) == _read_header(path, file).content_sha256:
                return None
    except InputError as error:
        return str(error)
    return f"{path.name}: the values are not those that were written"
