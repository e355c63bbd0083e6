"""The one registry: parts by name, found through entry points, imported on use."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar, cast

from stillface.contracts.coder import Coder
from stillface.contracts.exporter import Exporter
from stillface.contracts.measure import Measure
from stillface.contracts.reader import Reader
from stillface.contracts.tracker import Tracker
from stillface.errors import MissingExtraError, StillfaceError, UsageError

__all__ = ["CODERS", "EXPORTERS", "MEASURES", "READERS", "TRACKERS", "Registry"]

T = TypeVar("T")

# Which extra brings a package that a built-in part imports.
_EXTRA_OF = {
    "mediapipe": "track",
    "cv2": "track",
    "av": "track",
    "neurokit2": "physio",
    "matplotlib": "report",
    "jinja2": "report",
    "statsmodels": "stats",
    "napari": "gui",
    "qtpy": "gui",
}


class Registry(Generic[T]):
    """Parts of one kind.

    Parameters
    ----------
    kind : str
        What a person calls it: ``tracker``.
    group : str
        Entry point group: ``stillface.trackers``. An entry point names a class or function
        without arguments that gives the part.
    contract : type
        The protocol that a part must fulfil (a runtime-checkable one of this package).
    """

    def __init__(self, kind: str, group: str, contract: type) -> None:
        self.kind = kind
        self.group = group
        self.contract = contract
        self._made: dict[str, T] = {}

    def names(self) -> tuple[str, ...]:
        """Names of all parts that are installed, sorted; imports none of them."""
        return tuple(sorted(_entries(self.group)))

    def origin(self, name: str) -> str:
        """Tell where a part comes from: ``module:object``."""
        return self._entry(name).value

    def get(self, name: str) -> T:
        """Give the part of that name, importing it now.

        Raises
        ------
        UsageError
            Nobody of that name; the known ones are named.
        MissingExtraError
            It needs an optional dependency.
        StillfaceError
            What the entry point gives does not fulfil the contract.
        """
        if name not in self._made:
            entry = self._entry(name)
            try:
                part = entry.load()()
            except ModuleNotFoundError as error:
                raise missing_extra(error, needed_for=f"the {self.kind} {name!r}") from error
            if not isinstance(part, self.contract):
                raise StillfaceError(
                    f"not a {self.kind}",
                    where=entry.value,
                    got=type(part).__name__,
                    expected=self.contract.__name__,
                )
            self._made[name] = cast(T, part)
        return self._made[name]

    def _entry(self, name: str) -> EntryPoint:
        try:
            return _entries(self.group)[name]
        except KeyError:
            raise UsageError(
                f"no such {self.kind}", got=name, expected="one of " + ", ".join(self.names())
            ) from None


def missing_extra(error: ModuleNotFoundError, *, needed_for: str) -> StillfaceError | ModuleNotFoundError:
    """Turn a failed import of an optional package into the line that says how to get it."""
    package = (error.name or "").partition(".")[0]
    extra = _EXTRA_OF.get(package)
    return error if extra is None else MissingExtraError(package, extra, needed_for=needed_for)


@cache
def _entries(group: str) -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=group)}


READERS: Registry[Reader] = Registry("reader", "stillface.readers", Reader)
TRACKERS: Registry[Tracker] = Registry("tracker", "stillface.trackers", Tracker)
CODERS: Registry[Coder] = Registry("coder", "stillface.coders", Coder)
MEASURES: Registry[Measure] = Registry("measure", "stillface.measures", Measure)
EXPORTERS: Registry[Exporter] = Registry("exporter", "stillface.exporters", Exporter)
