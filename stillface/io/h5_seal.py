"""The 512 bytes before the HDF5 part of our files: kind, key and a hash over everything.

The HDF5 library was seen to crash and to hang on files with single damaged bytes. The hash is
therefore compared before the library gets the file. HDF5 calls such a block a user block, and every
HDF5 reader passes over it.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from stillface.errors import FieldError, InputError
from stillface.io.durable import storage_error

__all__ = ["MAKE_ANEW", "MAX_FILE_BYTES", "SEAL_BYTES", "Seal", "check_seal", "read_seal", "seal_image"]

SEAL_BYTES = 512
MAX_FILE_BYTES = 16 << 30
MAKE_ANEW = "make it anew by running the step again, or restore it from a backup"
_MAGIC = b"\x89HDF\r\n\x1a\n"
_BLOCK = 1 << 20
_FORM = re.compile(
    rb"stillface-h5 1\nkind ([a-z0-9_]{1,40})\nkey ([A-Za-z0-9@._:+-]{1,128})\n"
    rb"bytes ([0-9]{1,14})\nsha256 ([0-9a-f]{64})\n+"
)


@dataclass(frozen=True, slots=True)
class Seal:
    """What the seal says.

    Parameters
    ----------
    kind, key : str
        See :class:`stillface.io.hdf5.Header`.
    size_bytes : int
        Length of the HDF5 part.
    sha256 : str
        Of the seal, these 64 digits being zeros, and the HDF5 part.
    """

    kind: str
    key: str
    size_bytes: int
    sha256: str = "0" * 64

    def encode(self) -> bytes:
        """Give the 512 bytes; raises FieldError on a kind or key that does not fit."""
        head = f"stillface-h5 1\nkind {self.kind}\nkey {self.key}\n"
        text = f"{head}bytes {self.size_bytes}\nsha256 {self.sha256}\n"
        data = text.encode().ljust(SEAL_BYTES, b"\n")
        if not _FORM.fullmatch(data):
            raise FieldError("unfit for a seal", where="Seal", got=f"{self.kind}, {self.key}")
        return data


def seal_image(image: bytes, *, kind: str, key: str) -> bytes:
    """Put a seal before the bytes of an HDF5 file."""
    blank = Seal(kind, key, len(image))
    digest = hashlib.sha256(blank.encode())
    digest.update(image)
    return Seal(kind, key, len(image), digest.hexdigest()).encode() + image


def read_seal(path: Path) -> Seal:
    """Read the seal alone, without a look at the content; raises InputError and StorageError."""
    try:
        with path.open("rb") as file:
            data = file.read(SEAL_BYTES)
    except OSError as error:
        raise storage_error(error, path, "could not read") from error
    if not data:
        raise InputError("the file is empty", where=path.name, fix=MAKE_ANEW)
    form = _FORM.fullmatch(data) if len(data) == SEAL_BYTES else None
    if form is None:
        raise _no_seal(path, data)
    kind, key, size, sha256 = (part.decode() for part in form.groups())
    return Seal(kind, key, int(size), sha256)


def check_seal(path: Path) -> Seal:
    """Compare the whole file with its seal.

    Raises
    ------
    InputError
        The file was cut, damaged, or changed by another program.
    StorageError
        The system could not read it.
    """
    seal = read_seal(path)
    try:
        size = path.stat().st_size - SEAL_BYTES
        if size != seal.size_bytes or size > MAX_FILE_BYTES:
            what = "the file is cut short" if size < seal.size_bytes else "the file is longer than it was"
            raise InputError(
                what, where=path.name, got=f"{size} bytes", expected=seal.size_bytes, fix=MAKE_ANEW
            )
        digest = hashlib.sha256(Seal(seal.kind, seal.key, seal.size_bytes).encode())
        with path.open("rb") as file:
            file.seek(SEAL_BYTES)
            while block := file.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        raise storage_error(error, path, "could not read") from error
    if digest.hexdigest() != seal.sha256:
        raise InputError("damaged, or changed since it was written", where=path.name, fix=MAKE_ANEW)
    return seal


def _no_seal(path: Path, data: bytes) -> InputError:
    if data[:8] != _MAGIC:
        return InputError("not a file of stillface, or damaged", where=path.name, fix=MAKE_ANEW)
    # Superblock version 3 keeps "open for writing" in its twelfth byte.
    if data[8] == 3 and data[11]:
        return InputError(
            "marked as still open for writing by a program that was stopped",
            where=path.name,
            fix="copy the file, then run 'h5clear -s' on the copy; stillface reads only its own files",
        )
    return InputError("an HDF5 file of another program", where=path.name, expected="a stillface file")
