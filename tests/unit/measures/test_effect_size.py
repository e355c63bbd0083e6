"""The interval of d_z against figures of R and against what its definition says."""

from __future__ import annotations

import math
import shutil
import subprocess

import numpy as np
import pytest
from scipy.stats import nct

from stillface.errors import FieldError
from stillface.measures.effect_size import d_z_interval

# R 4, the noncentralities that uniroot finds with pt(t, df, ncp) - p, t = d sqrt(n); as in the peer below.
R = """
limits <- function(d, n) {
  t <- d * sqrt(n)
  far <- 5 * sqrt(1 + t^2 / (2 * (n - 1))) + 5
  find <- function(p) uniroot(function(ncp) pt(t, n - 1, ncp) - p, c(t - far, t + far), tol = 1e-11)$root
  c(find(0.975), find(0.025)) / sqrt(n)
}
"""
FIXED = (
    (0.0, 2, -1.385903824, 1.385903824),
    (3.0, 2, -0.5200663417, 6.9084671801),
    (0.8, 10, 0.06502901516, 1.50264599736),
    (-0.8, 10, -1.50264599736, -0.06502901517),
    (1.5, 24, 0.9043323802, 2.0802483696),
    (2.5, 12, 1.312421834, 3.662648159),
    (0.1, 400, 0.001694311185, 0.198181007260),
)


@pytest.mark.parametrize(("d_z", "n", "low", "high"), FIXED)
def test_the_limits_are_those_that_r_finds(d_z: float, n: int, low: float, high: float) -> None:
    assert d_z_interval(d_z, n) == pytest.approx((low, high), abs=1e-8)


@pytest.mark.peer
@pytest.mark.skipif(shutil.which("Rscript") is None, reason="no Rscript")
def test_r_still_finds_them() -> None:
    asked = "\n".join(f"cat(format(limits({d}, {n}), digits = 12), '\\n')" for d, n, *_ in FIXED)
    done = subprocess.run(
        ["Rscript", "-e", R + asked], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    found = [tuple(map(float, line.split())) for line in done.stdout.splitlines()]
    for (d_z, n, *_), limits in zip(FIXED, found, strict=True):
        assert d_z_interval(d_z, n) == pytest.approx(limits, abs=1e-8)


@pytest.mark.parametrize("d_z", [0.0, 1e-12, 0.3, 1.0, 5.0, 30.0, 1e3, 1e5, 1e12])
@pytest.mark.parametrize("n", [2, 3, 10, 100, 10_000])
def test_there_is_an_interval_around_every_d_z(d_z: float, n: int) -> None:
    low, high = d_z_interval(d_z, n)
    assert low < d_z < high
    assert d_z_interval(-d_z, n) == pytest.approx((-high, -low))
    if d_z * math.sqrt(n) < 1e3:
        tails = nct.cdf(d_z * math.sqrt(n), n - 1, np.array([low, high]) * math.sqrt(n))
        assert tails == pytest.approx((0.975, 0.025), abs=1e-6)


def test_far_out_both_ways_of_finding_it_agree() -> None:
    # Where t passes 10,000 a shorter formula takes over: no leap there.
    for n in (3, 100):
        inside, outside = (np.array(d_z_interval(t / math.sqrt(n), n)) for t in (9_999.0, 10_001.0))
        assert outside == pytest.approx(inside * 10_001 / 9_999, rel=1e-5)


def test_it_covers_the_true_d_as_often_as_it_says() -> None:
    rng = np.random.default_rng(4)
    hits = 0
    for differences in rng.normal(0.8, 1.0, (400, 12)):
        low, high = d_z_interval(float(differences.mean() / differences.std(ddof=1)), 12)
        hits += low <= 0.8 <= high
    # 380 are expected; the share of 400 has a standard error of 1.1 %.
    assert 365 <= hits <= 394


def test_a_wider_level_is_a_wider_interval_and_nonsense_is_refused() -> None:
    narrow, wide = d_z_interval(0.5, 20, 0.9), d_z_interval(0.5, 20, 0.99)
    assert wide[0] < narrow[0] < 0.5 < narrow[1] < wide[1]
    for wrong in ((math.nan, 5, 0.95), (1.0, 1, 0.95), (1.0, 5, 1.0)):
        with pytest.raises(FieldError, match="no interval"):
            d_z_interval(*wrong)
