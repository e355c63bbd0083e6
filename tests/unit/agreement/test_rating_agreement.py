"""Ratings unit by unit: the worked examples of kappa and ICC as ratings, and what is left out of them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from stillface.agreement.alpha import krippendorff_alpha
from stillface.agreement.ratings import NOT_A_SCALE, rated_units, rating_agreement, rating_alpha
from stillface.domain.clock import NS_PER_S as S
from stillface.domain.scheme import Code, CodingScheme
from stillface.domain.states import StateTrack
from stillface.errors import FieldError

SCALE = CodingScheme(
    "distress",
    (*(Code(f"d{k}", value=k) for k in range(3)), Code("usc", gap=True)),
    type="rating",
    exhaustive=False,
)
NAMES = CodingScheme("pattern", (Code("x"), Code("y"), Code("z")), type="rating", exhaustive=False)


def rated(
    codes: Sequence[str | None], coder: str, scheme: CodingScheme = SCALE, width_s: int = 60
) -> StateTrack:
    """One unit after the other; None leaves one out. The units grow longer: that must not count."""
    units = [
        (k * (k + 1) // 2 * width_s * S, (k + 1) * (k + 2) // 2 * width_s * S) for k in range(len(codes))
    ]
    mine = [(a, b, code) for (a, b), code in zip(units, codes, strict=True) if code is not None]
    onsets, offsets, given = zip(*mine, strict=True)
    return StateTrack.from_bouts(scheme, "infant", f"human:{coder}", onsets, offsets, list(given))


def test_w6_as_ratings_gives_the_printed_weighted_kappas() -> None:
    table = [[10, 2, 0], [3, 20, 4], [0, 3, 18]]
    pairs = [(a, b) for a, row in enumerate(table) for b, n in enumerate(row) for _ in range(n)]
    first = rated([f"d{a}" for a, _ in pairs], "A")
    second = rated([f"d{b}" for _, b in pairs], "B")
    found = rating_agreement([rated_units(first, second)])
    figures = (found.agreement, found.kappa, found.weighted_linear, found.weighted_quadratic)
    assert [round(figure or 0, 4) for figure in figures] == [0.8, 0.6879, 0.7468, 0.8162]
    assert (found.n_units, found.kappa_reason, found.weighted_reason) == (60, None, None)


def test_w6e_durations_as_ratings_give_the_printed_iccs() -> None:
    pairs = [(10, 12), (20, 23), (5, 6), (40, 44), (15, 15)]
    values = sorted({value for pair in pairs for value in pair})
    scheme = CodingScheme("s", tuple(Code(f"v{v}", value=v) for v in values), type="rating")
    tracks = [rated([f"v{pair[k]}" for pair in pairs], "AB"[k], scheme) for k in range(2)]
    found = rating_agreement([rated_units(*tracks)])
    assert (round(found.icc.icc_2_1 or 0, 4), round(found.icc.icc_3_1 or 0, 4)) == (0.9851, 0.9938)
    assert (found.icc.n_targets, found.icc.reason) == (5, None)


def test_a_unit_of_one_person_and_one_that_cannot_be_rated_are_counted_and_left_out() -> None:
    first = rated(["d0", "d1", "d2", "usc", "d1"], "A")
    second = rated(["d0", "d2", None, "d1", "d1"], "B")
    units = rated_units(first, second)
    assert (units.codes.tolist(), units.n_one_only, units.n_unscorable) == ([[0, 0], [1, 2], [1, 1]], 1, 1)
    alpha = rating_alpha([[first, second]])
    assert (alpha.level, alpha.n_pairable) == ("ordinal", 6.0)


def test_neighbours_of_one_value_are_two_units() -> None:
    units = rated_units(rated(["d1", "d1"], "A"), rated(["d1", "d2"], "B"))
    assert units.codes.tolist() == [[1, 1], [1, 2]]


def test_names_without_order_have_kappa_and_the_reason_why_no_more() -> None:
    first, second = (rated(list(codes), who, NAMES) for codes, who in (("xyzz", "A"), ("xyzx", "B")))
    found = rating_agreement([rated_units(first, second)])
    # Rows .25 .25 .5, columns .5 .25 .25: pe = .3125.
    assert found.kappa == pytest.approx((0.75 - 0.3125) / (1 - 0.3125))
    assert (found.weighted_linear, found.weighted_quadratic, found.icc.icc_2_1) == (None, None, None)
    assert (found.weighted_reason, found.icc.reason) == (NOT_A_SCALE, NOT_A_SCALE)
    assert (found.icc.n_targets, found.icc.n_coders) == (4, 2)
    assert rating_alpha([[first, second]]).level == "nominal"


@pytest.mark.parametrize(
    ("first", "second", "kappa", "weighted", "icc"),
    [
        ((None, "d1"), ("d1", None), "no unit that both rated", "no unit that both rated", "fewer than two"),
        (("d1",), ("d2",), None, None, "fewer than two rated units"),
        (
            ("d1", "d1"),
            ("d1", "d1"),
            "one and the same",
            "one and the same",
            "all figures are one and the same",
        ),
    ],
)
def test_what_is_undefined_says_why(
    first: Sequence[str | None], second: Sequence[str | None], kappa: str | None, weighted: str, icc: str
) -> None:
    found = rating_agreement([rated_units(rated(first, "A"), rated(second, "B"))])
    for reason, expected in (
        (found.kappa_reason, kappa), (found.weighted_reason, weighted), (found.icc.reason, icc),
    ):  # fmt: skip
        assert (reason is None) == (expected is None)
        assert expected is None or expected in (reason or "")
    if kappa == "no unit that both rated":
        assert (found.kappa_reason, found.weighted_reason) == (kappa, weighted)


def test_two_schemes_and_nothing_are_refused() -> None:
    with pytest.raises(FieldError, match="two schemes"):
        rated_units(rated(["d1"], "A"), rated(["x"], "B", NAMES))
    with pytest.raises(FieldError, match="no ratings to compare"):
        rating_agreement([])


def test_unlike_steps_of_the_scale_weigh_unlike() -> None:
    steps = CodingScheme("steps", tuple(Code(f"s{v}", value=v) for v in (0, 1, 5)), type="rating")
    codes = ("s0", "s1", "s5", "s5"), ("s0", "s5", "s5", "s1")
    found = rating_agreement([rated_units(rated(codes[0], "A", steps), rated(codes[1], "B", steps))])
    # Twice 4 apart; by chance (marginals .25 .25 .5 on both sides) .125 * 1 + .25 * 5 + .25 * 4.
    assert found.weighted_linear == pytest.approx(1 - (2 * 4 / 4) / (0.125 * 1 + 0.25 * 5 + 0.25 * 4))
    assert found.weighted_quadratic == pytest.approx(1 - (2 * 16 / 4) / (0.125 * 1 + 0.25 * 25 + 0.25 * 16))


def test_alpha_of_sessions_with_unlike_numbers_of_raters() -> None:
    sessions = [
        [rated(["d0", "d2", "d1"], "A"), rated(["d0", "d1", "d1"], "B"), rated(["d1", "d2", None], "C")],
        [rated(["d2", "d0"], "A"), rated(["d2", "d1"], "B")],
    ]
    units = [[0, 2, 1, 2, 0], [0, 1, 1, 2, 1], [1, 2, -1, -1, -1]]
    assert rating_alpha(sessions) == krippendorff_alpha(units, "ordinal")
