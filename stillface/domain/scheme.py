"""Coding schemes and match rules: what may be coded, and which pairs of codes are a match."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from stillface.domain import refuse
from stillface.errors import FieldError

__all__ = ["MATCH", "MISMATCH", "SHARED_NEGATIVE", "UNDEFINED", "Code", "CodingScheme", "MatchRule"]

SchemeType = Literal["state", "point", "ordinal", "rating"]

# Dyad states of SPEC 3.2, as they stand in MatchRule.table.
MISMATCH, MATCH, SHARED_NEGATIVE, UNDEFINED = 0, 1, 2, -1


@dataclass(frozen=True)
class Code:
    """One code of a scheme.

    Parameters
    ----------
    id : str
        What tables hold.
    label, definition : str
        For people.
    valence : int, optional
        -1, 0, 1, or None where the code has none.
    key : str, optional
        The key that sets it.
    colour : str, optional
        ``#rrggbb``.
    gap : bool
        The coder could not see or decide: unscorable time.
    dyad_gap : bool
        Scorable for the person alone, a gap in dyad measures (sleep).
    value : float, optional
        Rank on an ordinal or rating scale.
    """

    id: str
    label: str = ""
    valence: int | None = None
    key: str | None = None
    colour: str | None = None
    definition: str = ""
    gap: bool = False
    dyad_gap: bool = False
    value: float | None = None

    def __post_init__(self) -> None:
        refuse.identifier("Code", "id", self.id)
        refuse.one_of(f"Code[{self.id}]", "valence", self.valence, (-1, 0, 1, None))


@dataclass(frozen=True)
class CodingScheme:
    """A named, versioned set of codes that one stream may hold.

    Parameters
    ----------
    id, version : str
        Named in every result as ``id@version``.
    codes : tuple of Code
        In the scheme's own order; a state track holds indices into it.
    type : {'state', 'point', 'ordinal', 'rating'}
        What a coder sets.
    roles : tuple of str
        Roles it is meant for; empty means any.
    exclusive, exhaustive : bool
        Whether codes exclude each other, and whether they cover all time.
    min_dur_ms : int
        Bouts shorter than this are merged before any measure (SPEC 2.3).
    default_code : str, optional
        What uncoded time counts as while coding; never applied to measures.
    status : {'template', 'lab', 'found'}
        ``template`` as shipped, ``lab`` for a lab's own, ``found`` when made up of the codes met in a table.
    source, licence, title : str
        Where the definition comes from.
    """

    id: str
    codes: tuple[Code, ...]
    version: str = "1.0"
    type: SchemeType = "state"
    roles: tuple[str, ...] = ()
    exclusive: bool = True
    exhaustive: bool = True
    min_dur_ms: int = 0
    default_code: str | None = None
    status: str = "lab"
    title: str = ""
    source: str = ""
    licence: str = ""

    def __post_init__(self) -> None:
        owner = f"CodingScheme[{self.id}]"
        refuse.identifier("CodingScheme", "id", self.id)
        refuse.one_of(owner, "type", self.type, ("state", "point", "ordinal", "rating"))
        refuse.one_of(owner, "status", self.status, ("template", "lab", "found"))
        if not self.codes:
            raise FieldError("no codes", where=f"{owner}.codes", got=0, expected="at least one")
        refuse.unique(owner, "codes", (code.id for code in self.codes))
        refuse.unique(owner, "keys", (code.key for code in self.codes if code.key is not None))
        if self.min_dur_ms < 0:
            raise FieldError("negative", where=f"{owner}.min_dur_ms", got=self.min_dur_ms, expected=">= 0")
        if self.default_code is not None:
            refuse.one_of(owner, "default_code", self.default_code, self.code_ids)

    @classmethod
    def from_codes_found(cls, scheme_id: str, codes: tuple[str, ...]) -> CodingScheme:
        """Make a scheme of the codes met in a table whose scheme nobody shipped; none is a gap."""
        return cls(scheme_id, tuple(Code(code) for code in codes), version="0", status="found")

    @cached_property
    def code_ids(self) -> tuple[str, ...]:
        """Ids in scheme order."""
        return tuple(code.id for code in self.codes)

    @cached_property
    def _index(self) -> dict[str, int]:
        return {code.id: index for index, code in enumerate(self.codes)}

    @property
    def ref(self) -> str:
        """``id@version``."""
        return f"{self.id}@{self.version}"

    def index(self, code: str) -> int:
        """Give the position of a code; an unknown one is refused with the known ones named."""
        try:
            return self._index[code]
        except KeyError:
            raise FieldError(
                "unknown code",
                where=f"CodingScheme[{self.id}]",
                got=code,
                expected="one of " + ", ".join(self.code_ids),
            ) from None

    @cached_property
    def gap_mask(self) -> npt.NDArray[np.bool_]:
        """Which codes are unscorable time; shape (n_codes,)."""
        return refuse.frozen(np.array([code.gap for code in self.codes], dtype=np.bool_))

    @cached_property
    def dyad_gap_mask(self) -> npt.NDArray[np.bool_]:
        """Which codes are a gap in dyad measures; shape (n_codes,)."""
        return refuse.frozen(np.array([code.gap or code.dyad_gap for code in self.codes], dtype=np.bool_))

    @property
    def has_valence(self) -> bool:
        """Whether any code carries a valence."""
        return any(code.valence is not None for code in self.codes)


@dataclass(frozen=True)
class MatchRule:
    """A named, versioned set of ordered code pairs that count as a match.

    Parameters
    ----------
    id, version : str
        Printed beside every number the rule made.
    kind : {'pairs', 'valence'}
        ``pairs`` lists them; ``valence`` pairs equal valences of any two schemes.
    pairs, shared_negative : tuple of (str, str)
        First code of the pair's first (focal) role, second of the other.
    valences : tuple of int
        For ``valence``: which equal valences are a match.
    schemes : tuple of (str, str)
        Scheme ids the rule is meant for; empty means any two with what it needs.
    min_match_ms, min_mismatch_ms : int
        Shorter runs of the dyad's state go to the run before (the first of a stretch to the next), once,
        left to right, never into a gap (SPEC 3.2).
    joint_window_ms : int
        Two changes at most this far apart count as joint; 0 means at the same edge.
    """

    id: str
    kind: Literal["pairs", "valence"]
    version: str = "1.0"
    pairs: tuple[tuple[str, str], ...] = ()
    shared_negative: tuple[tuple[str, str], ...] = ()
    valences: tuple[int, ...] = ()
    schemes: tuple[tuple[str, str], ...] = ()
    title: str = ""
    source: str = ""
    min_match_ms: int = 0
    min_mismatch_ms: int = 0
    joint_window_ms: int = 0

    def __post_init__(self) -> None:
        owner = f"MatchRule[{self.id}]"
        refuse.identifier("MatchRule", "id", self.id)
        refuse.one_of(owner, "kind", self.kind, ("pairs", "valence"))
        if self.kind == "pairs" and not self.pairs:
            raise FieldError("no pairs", where=f"{owner}.pairs", got=0, expected="at least one")
        if self.kind == "valence" and not self.valences:
            raise FieldError("no valences", where=f"{owner}.valences", got=0, expected="at least one")
        refuse.unique(owner, "pairs", (*self.pairs, *self.shared_negative))
        for name in ("min_match_ms", "min_mismatch_ms", "joint_window_ms"):
            if getattr(self, name) < 0:
                raise FieldError(
                    "negative", where=f"{owner}.{name}", got=getattr(self, name), expected=">= 0"
                )

    def applies_to(self, first: CodingScheme, second: CodingScheme) -> bool:
        """Tell whether the rule is meant for these two schemes, in role order."""
        if self.schemes:
            return (first.id, second.id) in self.schemes
        return self.kind == "valence" and first.has_valence and second.has_valence

    def table(self, first: CodingScheme, second: CodingScheme) -> npt.NDArray[np.int8]:
        """Give the dyad state of every code pair.

        Returns
        -------
        array of int8, shape (n_first, n_second)
            MISMATCH, MATCH, SHARED_NEGATIVE, or UNDEFINED where either code is a gap in dyads.
        """
        table = np.full((len(first.codes), len(second.codes)), MISMATCH, dtype=np.int8)
        if self.kind == "valence":
            for row, a in enumerate(first.codes):
                for column, b in enumerate(second.codes):
                    if a.valence is not None and a.valence == b.valence and a.valence in self.valences:
                        table[row, column] = MATCH
        else:
            for pairs, state in ((self.pairs, MATCH), (self.shared_negative, SHARED_NEGATIVE)):
                for a_id, b_id in pairs:
                    # A scheme made of codes met in a table may lack some codes of the rule.
                    if a_id in first.code_ids and b_id in second.code_ids:
                        table[first.index(a_id), second.index(b_id)] = state
        gaps_first, gaps_second = first.dyad_gap_mask, second.dyad_gap_mask
        if self.kind == "valence":
            gaps_first = gaps_first | np.array([code.valence is None for code in first.codes])
            gaps_second = gaps_second | np.array([code.valence is None for code in second.codes])
        table[gaps_first, :] = UNDEFINED
        table[:, gaps_second] = UNDEFINED
        return table
