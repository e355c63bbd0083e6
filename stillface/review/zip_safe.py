"""Zip files from elsewhere: every name and size is looked at before a byte is unpacked."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from stillface.errors import InputError
from stillface.io.durable import storage_error, temp_beside
from stillface.io.safe_paths import check_relative

__all__ = ["SafeZip", "read_zip", "write_zip"]

Hashed = Mapping[str, tuple[str, int]]

_BLOCK = 1 << 20
_MAX_RATIO = 200
_SMALL_BYTES = 1_000_000
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
# What the library raises on bytes that are no zip, or no longer one.
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)


class SafeZip:
    """An open zip whose list of contents has been checked; made by :func:`read_zip`.

    Attributes
    ----------
    sizes : mapping of str to int
        Bytes of each file when unpacked.
    """

    def __init__(self, path: Path, archive: zipfile.ZipFile, infos: Mapping[str, zipfile.ZipInfo]) -> None:
        self._path, self._archive, self._infos = path, archive, infos
        self.sizes = {name: info.file_size for name, info in infos.items()}

    def blocks(self, name: str) -> Iterator[bytes]:
        """Unpack one file block by block; raises InputError where its bytes are not what was packed."""
        try:
            with self._archive.open(self._infos[name]) as file:
                while block := file.read(_BLOCK):
                    yield block
        except _BROKEN as error:
            raise self._damaged(name) from error
        except OSError as error:
            # A damaged offset leads before the file's beginning, which the system calls invalid.
            if error.errno == errno.EINVAL:
                raise self._damaged(name) from error
            raise storage_error(error, self._path, "could not read the package") from error

    def _damaged(self, name: str) -> InputError:
        return InputError(
            "damaged inside the package", where=f"{self._path.name}: {name}", fix="ask for it again"
        )

    def read(self, name: str) -> bytes:
        """Unpack one file whole."""
        return b"".join(self.blocks(name))

    def copy(self, name: str, target: Path) -> str:
        """Unpack one file to the disk; give the SHA-256 of what was written."""
        digest = hashlib.sha256()
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as file:
                for block in self.blocks(name):
                    digest.update(block)
                    file.write(block)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise storage_error(error, target, "could not unpack") from error
        return digest.hexdigest()


@contextmanager
def read_zip(path: Path, *, max_files: int, max_bytes: int) -> Iterator[SafeZip]:
    """Open a zip from elsewhere.

    Parameters
    ----------
    path : Path
    max_files, max_bytes : int
        Of all that is in it, unpacked.

    Raises
    ------
    InputError
        No zip, or one with unfit names, twins, links, encryption, or more than is allowed.
    StorageError
        It cannot be read.
    """
    try:
        archive = zipfile.ZipFile(path)
    except _BROKEN as error:
        raise InputError("not a package: no readable zip file", where=path.name) from error
    except OSError as error:
        if error.errno == errno.EINVAL:
            raise InputError("not a package: no readable zip file", where=path.name) from error
        raise storage_error(error, path, "could not open the package") from error
    with archive:
        infos = archive.infolist()
        if len(infos) > max_files:
            raise InputError(
                "too many files", where=path.name, got=len(infos), expected=f"at most {max_files}"
            )
        total = sum(info.file_size for info in infos)
        if total > max_bytes:
            raise InputError("too large when unpacked", where=path.name, got=total, expected=max_bytes)
        for info in infos:
            _check(path, info)
        _refuse_twins(path, (info.filename for info in infos))
        yield SafeZip(path, archive, {info.filename: info for info in infos})


def _check(path: Path, info: zipfile.ZipInfo) -> None:
    # The library cuts a name at its first NUL byte; the name that was written counts.
    name = info.orig_filename
    where = f"{path.name}: {ascii(name)[:80]}"
    try:
        check_relative(name)
    except InputError as error:
        raise InputError(f"an unfit name ({error.what})", where=where) from error
    mode = info.external_attr >> 16
    if info.is_dir() or (stat.S_IFMT(mode) and not stat.S_ISREG(mode)):
        raise InputError("a link or folder instead of a file", where=where)
    if info.flag_bits & _ENCRYPTED or info.compress_type not in _PACKINGS:
        raise InputError("encrypted, or packed in an unknown way", where=where)
    if info.file_size > _SMALL_BYTES and info.file_size > _MAX_RATIO * max(info.compress_size, 1):
        raise InputError("packed too tightly to be true", where=where, expected=f"at most {_MAX_RATIO}:1")


def _refuse_twins(path: Path, names: Iterable[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        form = unicodedata.normalize("NFC", name).casefold()
        if form in seen:
            raise InputError(
                "two names that are one file on some computers",
                where=path.name,
                got=name,
                expected=f"only {seen[form]}",
            )
        seen[form] = name


def write_zip(
    path: Path, files: Mapping[str, Path | bytes], last: tuple[str, Callable[[Hashed], bytes]]
) -> dict[str, tuple[str, int]]:
    """Write a zip whole or not at all.

    Parameters
    ----------
    path : Path
    files : mapping of name to Path or bytes
        Films lie in it as they are, text is packed.
    last : (str, callable)
        Name of a last file, and what gives its bytes from the files' hashes and sizes.

    Returns
    -------
    dict of name to (sha256, size in bytes)

    Raises
    ------
    StorageError
    """
    temp = temp_beside(path)
    found: dict[str, tuple[str, int]] = {}
    try:
        with temp.open("xb") as file:
            with zipfile.ZipFile(file, "w") as archive:
                for name, content in files.items():
                    found[name] = _put(archive, name, content)
                archive.writestr(_info(last[0], packed=True), last[1](found))
            file.flush()
            os.fsync(file.fileno())
        temp.replace(path)
    except OSError as error:
        raise storage_error(error, path, "could not write the package") from error
    finally:
        with suppress(OSError):
            temp.unlink()
    return found


def _info(name: str, *, packed: bool) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    info.external_attr = (stat.S_IFREG | 0o600) << 16
    return info


def _put(archive: zipfile.ZipFile, name: str, content: Path | bytes) -> tuple[str, int]:
    if isinstance(content, bytes):
        archive.writestr(_info(name, packed=True), content)
        return hashlib.sha256(content).hexdigest(), len(content)
    digest, size = hashlib.sha256(), 0
    with content.open("rb") as source, archive.open(_info(name, packed=False), "w", force_zip64=True) as file:
        while block := source.read(_BLOCK):
            digest.update(block)
            size += len(block)
            file.write(block)
    return digest.hexdigest(), size
