"""Figures of all sessions together beside kappa of time: bouts, totals per session, alpha by level."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stillface.agreement.alpha import krippendorff_alpha
from stillface.agreement.coefficients import coefficients, weighted_kappa
from stillface.agreement.icc import icc
from stillface.domain.scheme import Code, CodingScheme
from stillface.domain.states import StateTrack
from stillface.pipeline.agree_figures import AgreementParams, pooled_figures
from stillface.pipeline.agree_pooled import event_figures, icc_figures

S = 1_000_000_000
STATES = CodingScheme("play", (Code("N"), Code("S"), Code("O"), Code("P"), Code("U", gap=True)))
# The worked example W6b and W6c, a unit a second.
FIRST, SECOND = "NNNNSSSSPPPPPPSSSOOOOPPP", "NNNSSSSSPPPPPSSSSSOOOOOO"
Pair = tuple[StateTrack, StateTrack]


def coded(text: str, coder: str, scheme: CodingScheme = STATES, role: str = "infant") -> StateTrack:
    codes = np.array([scheme.index(code) for code in text], np.int16)
    return StateTrack(scheme, role, f"human:{coder}", np.arange(len(text) + 1) * S, codes).merged()


def pair(first: str, second: str, scheme: CodingScheme = STATES) -> Pair:
    return coded(first, "AB", scheme), coded(second, "CD", scheme)


def test_bouts_of_all_sessions_are_aligned_session_by_session() -> None:
    found: Any = event_figures([[pair(FIRST, SECOND)]], 2 * S, 1, 50)
    one = found["events"]
    assert (one["agreed"], one["only_first"], one["only_second"]) == (5, 1, 0)
    assert one["kappa"] == pytest.approx(0.7857, abs=5e-5)
    assert found["events_interval"]["reason"] == "fewer than three sessions"
    # Three times the same table: the same kappa, and every resample gives it again.
    thrice: Any = event_figures([[pair(FIRST, SECOND)]] * 3, 2 * S, 1, 50)
    assert (thrice["events"]["agreed"], thrice["events"]["kappa"]) == (15, pytest.approx(one["kappa"]))
    limits = thrice["events_interval"]["low"], thrice["events_interval"]["high"]
    assert limits == pytest.approx((one["kappa"], one["kappa"]))


def test_totals_per_session_are_those_of_the_time_that_both_coded() -> None:
    # Shares of S over 10 s: .2 .4, .5 .6, .8 .8; the gap of the second pair takes 2 s out of both.
    sessions = [
        [pair("SSNNNNNNNN", "SSSSNNNNNN")],
        [pair("SSSSSNNNNNUU", "SSSSSSNNNNNN")],
        [pair("SSSSSSSSNN", "SSSSSSSSNN")],
    ]
    found: Any = icc_figures(sessions, 1, 200)
    shares = icc([[0.2, 0.4], [0.5, 0.6], [0.8, 0.8]])
    for form in ("icc_1_1", "icc_2_1", "icc_3_1", "icc_1_k", "icc_2_k", "icc_3_k"):
        assert found["share"]["S"][form] == pytest.approx(getattr(shares, form))
    assert found["share"]["S"]["n_pairs"] == 3
    assert set(found["share"]) == {"N", "S"}
    # Each has one bout of S in ten seconds: no session differs.
    assert found["rate"]["S"]["icc_2_1"] is None
    assert found["rate"]["S"]["reason"] == "all figures are one and the same"


def test_the_interval_of_the_icc_is_that_of_drawn_sessions() -> None:
    rng = np.random.default_rng(5)
    sessions = []
    for k in range(6):
        n = 2 * k + 5
        texts = ["S" * (n + int(rng.integers(0, 4))) for _ in range(4)]
        sessions.append([pair(a.ljust(24, "N"), b.ljust(24, "N")) for a, b in (texts[:2], texts[2:])])
    found: Any = icc_figures(sessions, 3, 300)
    interval = found["share"]["S"]["interval"]
    shares = [
        [[float((t.codes == 1) @ t.durations_ns) / t.scorable_ns for t in one] for one in pairs]
        for pairs in sessions
    ]
    rng = np.random.default_rng(3)
    drawn = [
        icc(np.concatenate([np.array(shares[k]) for k in rng.integers(0, 6, 6)])).icc_2_1 for _ in range(300)
    ]
    expected = np.quantile([value for value in drawn if value is not None], [0.025, 0.975])
    assert (interval["low"], interval["high"]) == pytest.approx(tuple(expected))
    assert interval["n_sessions"] == 6


def test_an_ordered_scheme_has_alpha_at_every_level_and_each_code_an_interval() -> None:
    ranks = (Code("a", value=1.0), Code("b", value=2.0), Code("c", value=4.0))
    scale = CodingScheme("scale", ranks, type="ordinal")
    sessions = [[pair("aabbccab", "aabccbab", scale)], [pair("abcabc", "abcacc", scale)]]
    found: Any = pooled_figures(sessions, AgreementParams(n_resamples=20))
    units = np.array([[0, 0, 1, 1, 2, 2, 0, 1, 0, 1, 2, 0, 1, 2], [0, 0, 1, 2, 2, 1, 0, 1, 0, 1, 2, 0, 2, 2]])
    for level in ("nominal", "ordinal", "interval"):
        expected = krippendorff_alpha(units, level, (1.0, 2.0, 4.0)).alpha
        assert found["alphas"][level]["alpha"] == pytest.approx(expected)
    assert found["codes"]["a"]["interval"]["n_sessions"] == 2


def test_each_interval_is_that_of_the_figure_over_the_same_draws() -> None:
    ranks = (Code("a", value=1.0), Code("b", value=2.0), Code("c", value=4.0), Code("U", gap=True))
    scale = CodingScheme("scale", ranks, type="ordinal")
    texts = [("aabbccab", "aabccbUb"), ("abcabcUa", "abcaccca"), ("bbbbaaca", "bbbaaacc"), ("ccba", "cbba")]
    # The third session has two streams: drawn together or not at all.
    sessions = [[pair(*text, scale)] for text in texts]
    sessions[2].append((coded("aaab", "AB", scale, "caregiver"), coded("abab", "CD", scale, "caregiver")))
    found: Any = pooled_figures(sessions, AgreementParams(seed=3, n_resamples=200))["intervals"]
    units = [["aabbccab", "aabccbUb"], ["abcabcUa", "abcaccca"], ["bbbbaacaaaab", "bbbaaaccabab"], texts[3]]
    rng, drawn = np.random.default_rng(3), []
    for _ in range(200):
        chosen = [units[k] for k in rng.integers(0, 4, 4)]
        first, second = ("".join(texts) for texts in zip(*chosen, strict=True))
        codes = np.array([["abcU".index(code) for code in text] for text in (first, second)])
        both = codes[:, (codes < 3).all(axis=0)]
        table = np.zeros((3, 3))
        np.add.at(table, tuple(both), 1)
        now = coefficients(table)
        row = [now.agreement, now.pabak, now.ac1]
        row += [weighted_kappa(table, weights, (1, 2, 4)).kappa for weights in ("linear", "quadratic")]
        missing = np.where(codes < 3, codes, -1)
        for level in ("nominal", "ordinal", "interval"):
            row.append(krippendorff_alpha(missing, level, (1.0, 2.0, 4.0)).alpha)
        drawn.append(row)
    low, high = np.quantile(np.array(drawn, dtype=float), [0.025, 0.975], axis=0)
    names = ["agreement", "pabak", "ac1", "weighted_linear", "weighted_quadratic"]
    names += ["alpha_nominal", "alpha_ordinal", "alpha_interval"]
    assert list(found) == names
    assert [found[name]["low"] for name in names] == pytest.approx(low.tolist())
    assert [found[name]["high"] for name in names] == pytest.approx(high.tolist())
    assert found["ac1"]["reason"] == "only 4 sessions: the interval is rough"


def test_two_sessions_have_no_interval_and_say_why() -> None:
    found: Any = pooled_figures([[pair(FIRST, SECOND)]] * 2, AgreementParams(n_resamples=20))
    assert set(found["intervals"]) == {"agreement", "pabak", "ac1", "alpha_nominal"}
    for interval in (found["interval"], *found["intervals"].values()):
        assert (interval["low"], interval["high"]) == (None, None)
        assert interval["reason"] == "fewer than three sessions"


def test_ordinal_alpha_goes_by_the_values_and_not_by_the_order_of_the_list() -> None:
    units = np.array([[0, 0, 1, 1, 2, 2, 0], [0, 1, 1, 2, 2, 2, 0]])
    turned = np.array([1, 2, 0])  # the codes of rank 1, 2, 3 stand second, third and first in the list
    straight = krippendorff_alpha(units, "ordinal").alpha
    assert krippendorff_alpha(turned[units], "ordinal", (3.0, 1.0, 2.0)).alpha == pytest.approx(straight)
    assert krippendorff_alpha(turned[units], "ordinal").alpha != pytest.approx(straight)
