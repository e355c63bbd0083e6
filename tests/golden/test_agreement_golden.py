"""Every worked example of SPEC 4, to the printed digits."""

from __future__ import annotations

import numpy as np
import pytest

from stillface.agreement.align_events import event_kappa
from stillface.agreement.alpha import krippendorff_alpha
from stillface.agreement.coefficients import coefficients, kappa_se, per_code, weighted_kappa
from stillface.agreement.icc import icc
from stillface.agreement.kappa import confusion_ns, kappa_from_confusion
from stillface.agreement.tolerance import tolerant_kappa
from stillface.domain.clock import NS_PER_S
from stillface.domain.scheme import CodingScheme
from stillface.domain.states import StateTrack

W6 = [[10, 2, 0], [3, 20, 4], [0, 3, 18]]
PARADOX = [[1, 3], [2, 54]]
NOPS = CodingScheme.from_codes_found("nops", ("N", "O", "P", "S"))


def digits(value: float | None, places: int = 4) -> float:
    assert value is not None
    return round(value, places)


def coded(text: str, coder: str) -> StateTrack:
    """One unit of a second per letter."""
    edges = np.arange(len(text) + 1, dtype=np.int64) * NS_PER_S
    codes = np.array([NOPS.index(letter) for letter in text], dtype=np.int16)
    return StateTrack(NOPS, "infant", f"human:{coder}", edges, codes)


A = coded("NNNNSSSSPPPPPPSSSOOOOPPP", "A")
B = coded("NNNSSSSSPPPPPSSSSSOOOOOO", "B")


def test_w6_whole_table() -> None:
    found = coefficients(W6)
    assert digits(found.agreement) == 0.8
    assert digits(found.expected, 5) == 0.35917
    assert digits(found.kappa) == 0.6879
    assert digits(found.pabak) == 0.7
    assert digits(found.kappa_max) == 0.9480
    assert digits(weighted_kappa(W6, "linear").kappa) == 0.7468
    assert digits(weighted_kappa(W6, "quadratic").kappa) == 0.8162


def test_w6_standard_error_and_interval() -> None:
    se, kappa = kappa_se(W6), coefficients(W6).kappa
    assert se is not None
    assert kappa is not None
    assert digits(se) == 0.0814
    assert (digits(kappa - 1.959964 * se, 3), digits(kappa + 1.959964 * se, 3)) == (0.528, 0.847)


def test_w6_each_code() -> None:
    found = per_code(W6, "NOP")
    assert [digits(found[code].kappa) for code in "NOP"] == [0.7475, 0.5932, 0.7464]
    assert [digits(found[code].positive, 3) for code in "NOP"] == [0.800, 0.769, 0.837]


def test_prevalence_paradox_shows_all_coefficients() -> None:
    found = coefficients(PARADOX)
    assert digits(found.agreement) == 0.9167
    assert digits(found.kappa) == 0.2424
    assert digits(found.pabak) == 0.8333
    assert digits(found.ac1) == 0.9064
    assert digits(per_code(PARADOX, "+-")["+"].positive) == 0.2857


def test_w6b_tolerance() -> None:
    plain = kappa_from_confusion(confusion_ns(A, B))
    assert (digits(plain.agreement), digits(plain.kappa)) == (0.75, 0.6612)
    expected = {1: (0.8322, 0.8824, 0.8573), 2: (0.8322, 0.9410, 0.8866)}
    for seconds, figures in expected.items():
        found = tolerant_kappa(A, B, seconds * NS_PER_S)
        kappas = (found.first_as_reference.kappa, found.second_as_reference.kappa, found.mean_kappa)
        assert tuple(digits(kappa) for kappa in kappas) == figures


def test_w6c_events() -> None:
    found = event_kappa(A, B)
    assert (A.bouts().codes.size, B.bouts().codes.size) == (6, 5)
    assert (found.n_agreed, found.n_confused, found.n_only_first, found.n_only_second) == (5, 0, 1, 0)
    assert found.table[NOPS.index("P"), -1] == 1
    assert (digits(found.agreement), digits(found.expected), digits(found.kappa)) == (0.8333, 0.2222, 0.7857)


@pytest.mark.parametrize(
    ("rows", "level", "alpha"),
    [
        (("*****34121133*3", "1*213343*******", "**21344*21133*4"), "nominal", 0.6914),
        (("*****34121133*3", "1*213343*******", "**21344*21133*4"), "ordinal", 0.8067),
        (("*****34121133*3", "1*213343*******", "**21344*21133*4"), "interval", 0.8108),
        (("0100000010", "1110010000"), "nominal", 0.0952),
    ],
)
def test_w6d_krippendorff(rows: tuple[str, ...], level: str, alpha: float) -> None:
    codes = np.array([[-1 if letter == "*" else int(letter) for letter in row] for row in rows])
    assert digits(krippendorff_alpha(codes, level).alpha) == alpha  # type: ignore[arg-type]


def test_w6e_shrout_and_fleiss() -> None:
    found = icc([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])
    single = (found.icc_1_1, found.icc_2_1, found.icc_3_1)
    means = (found.icc_1_k, found.icc_2_k, found.icc_3_k)
    assert tuple(digits(value) for value in single) == (0.1657, 0.2898, 0.7148)
    assert tuple(digits(value) for value in means) == (0.4428, 0.6201, 0.9093)


def test_w6e_durations_of_two_coders() -> None:
    found = icc([[10, 12], [20, 23], [5, 6], [40, 44], [15, 15]])
    assert (found.ms_targets, found.ms_coders, found.ms_error) == pytest.approx((398.75, 10, 1.25))
    assert (digits(found.icc_2_1), digits(found.icc_3_1)) == (0.9851, 0.9938)
