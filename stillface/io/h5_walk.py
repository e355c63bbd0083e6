"""A look at everything an HDF5 file claims, before any value of it is read.

A file may name other files of this computer (external links, external storage, virtual datasets),
run in circles, or claim terabytes. Nothing of this is in a file we wrote, so all of it is refused.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillface.errors import InputError

if TYPE_CHECKING:
    import h5py

__all__ = ["Limits", "attribute_names", "check_tree"]

# gzip, shuffle, fletcher32: what HDF5 has built in. Any other could load a library from a path.
_FILTERS = frozenset({1, 2, 3})


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a file may claim before it is refused unread.

    Parameters
    ----------
    objects : int
        Groups and datasets.
    dataset_bytes : int
        Unpacked size of one dataset.
    ratio, ratio_from_bytes : int
        Unpacked to packed size, looked at from this unpacked size on: a flat signal packs well.
    """

    objects: int = 10_000
    dataset_bytes: int = 4 << 30
    ratio: int = 200
    ratio_from_bytes: int = 256 << 20


def check_tree(path: Path, file: h5py.File, limits: Limits) -> None:
    """Walk every link without following one that leaves the file or comes back.

    Raises
    ------
    InputError
        Naming the first object that is refused, and why.
    """
    import h5py

    waiting: list[tuple[str, Any]] = [("", file["/"])]
    seen = {_address(file["/"])}
    while waiting:
        place, group = waiting.pop()
        _warn_of_odd_attributes(path, place or "/", group)
        if len(seen) + len(group) > limits.objects:
            raise _hostile(path, place, "too many objects", expected=f"at most {limits.objects}")
        for name in group:
            here = f"{place}/{name}"
            item = _own_item(path, here, group, name)
            address = _address(item)
            if address in seen:
                raise _hostile(path, here, "an object that is linked twice (a loop)")
            seen.add(address)
            if isinstance(item, h5py.Group):
                waiting.append((here, item))
            elif isinstance(item, h5py.Dataset):
                _warn_of_odd_attributes(path, here, item)
                _check_dataset(path, here, item, limits)
            else:
                raise _hostile(path, here, "a stored type")


def _own_item(path: Path, here: str, group: h5py.Group, name: str) -> Any:
    import h5py

    link = group.get(name, getlink=True)
    if isinstance(link, h5py.ExternalLink):
        raise _hostile(path, here, "a link to another file", got=link.filename)
    if not isinstance(link, h5py.HardLink):
        raise _hostile(path, here, "a symbolic link", got=getattr(link, "path", "?"))
    return group[name]


def _address(item: Any) -> tuple[int, int]:
    import h5py

    info = h5py.h5o.get_info(item.id)
    return info.fileno, info.addr


def _check_dataset(path: Path, here: str, dataset: h5py.Dataset, limits: Limits) -> None:
    plist = dataset.id.get_create_plist()
    if dataset.is_virtual:
        sources = sorted({source.file_name for source in dataset.virtual_sources()})
        raise _hostile(path, here, "a dataset made of other files", got=", ".join(sources))
    if plist.get_external_count():
        name = plist.get_external(0)[0].decode(errors="replace")
        raise _hostile(path, here, "values kept in another file", got=name)
    filters = [plist.get_filter(k)[0] for k in range(plist.get_nfilters())]
    if not _FILTERS.issuperset(filters):
        raise _hostile(path, here, "an unknown packing", got=filters, expected=sorted(_FILTERS))
    if not _is_plain(dataset.id.get_type()) or dataset.shape is None or dataset.dtype.kind == "O":
        raise _hostile(path, here, "not plain numbers or text")
    size = math.prod(dataset.shape) * dataset.dtype.itemsize
    if size > limits.dataset_bytes:
        raise _hostile(
            path, here, "too large", got=f"{size} bytes", expected=f"at most {limits.dataset_bytes}"
        )
    stored = dataset.id.get_storage_size()
    if size >= limits.ratio_from_bytes and size > limits.ratio * stored:
        raise _hostile(
            path,
            here,
            "unpacks to far more than it holds",
            got=f"{size} bytes from {stored}",
            expected=f"at most {limits.ratio}:1",
        )


def _is_plain(kind: Any) -> bool:
    from h5py import h5t

    # An enumeration is how h5py stores bool.
    return isinstance(kind, (h5t.TypeIntegerID, h5t.TypeFloatID, h5t.TypeStringID, h5t.TypeEnumID))


def attribute_names(item: Any) -> tuple[list[str], list[str]]:
    """Give the names of plain attributes and of the others; the others are never read."""
    from h5py import h5a

    plain: list[str] = []
    odd: list[str] = []
    for k in range(h5a.get_num_attrs(item.id)):
        attribute = h5a.open(item.id, index=k)
        (plain if _is_plain(attribute.get_type()) else odd).append(attribute.name.decode(errors="replace"))
    return sorted(plain), sorted(odd)


def _warn_of_odd_attributes(path: Path, here: str, item: Any) -> None:
    for name in attribute_names(item)[1]:
        warnings.warn(f"{path.name}:{here}: attribute {name!r} is not plain and is ignored", stacklevel=2)


def _hostile(path: Path, here: str, what: str, *, got: object = None, expected: object = None) -> InputError:
    return InputError(f"refused: {what}", where=f"{path.name}:{here or '/'}", got=got, expected=expected)
