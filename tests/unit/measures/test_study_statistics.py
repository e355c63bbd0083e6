"""Study level: effects over families, mixed models against statsmodels' formulas, chance, exclusions."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fixtures import worked_examples as we
from stillface.domain.results import Measurement, Status
from stillface.domain.session import Episode, Session
from stillface.errors import FieldError
from stillface.io.codebook import column_entry
from stillface.measures.mixed import mixed_model
from stillface.measures.survival import kaplan_meier
from stillface.pipeline.study_chance import chance_rows
from stillface.pipeline.study_stats import (
    Participant,
    effect_rows,
    exclusion_rows,
    group_rows,
    model_rows,
    write_statistics,
)
from stillface.testing.dyads import random_track

S = we.S
W3A = {"PL": [10, 5, 0, 5], "SF": [30, 25, 40, 25], "RE": [20, 15, 25, 10]}


def row(session: str, episode: str, value: float | None, measure: str = "pct_negative") -> Measurement:
    status = Status.OK if value is not None else Status.MISS_UNSCORABLE
    return Measurement(
        f"d{session}", session, "worked", episode, "infant", "icep_infant", "AB", measure, "", "", value, "%",
        None, 60.0, 1.0, status,
    )  # fmt: skip


def w3a() -> list[Measurement]:
    return [
        row(f"s{k}", episode, float(value))
        for episode, values in W3A.items()
        for k, value in enumerate(values)
    ]


def people(n: int = 4, family_of: dict[int, int] | None = None, groups: str = "") -> dict[str, Participant]:
    return {
        f"s{k}": Participant(
            f"s{k}", f"ds{k}", f"f{(family_of or {}).get(k, k)}", groups[k % len(groups)] if groups else ""
        )
        for k in range(n)
    }


def test_w3a_effects_name_their_d() -> None:
    found = {effect.contrast: effect for effect in effect_rows(we.PROTOCOL, w3a(), people())}
    still = found["SF-PL"]
    assert (still.mean_difference, still.sd_difference, round(still.t, 2), still.df) == (25.0, 10.0, 5.0, 3)
    assert (round(still.d_z, 2), round(still.d_av, 3), still.n_families) == (2.5, 4.483, 4)
    assert still.p == pytest.approx(0.0154, abs=1e-4)
    assert round(found["RE-SF"].t, 3) == -8.660


def test_twins_count_once() -> None:
    (still, _) = effect_rows(we.PROTOCOL, w3a(), people(family_of={1: 0}))
    assert (still.n_families, still.df) == (3, 2)
    assert still.mean_difference == pytest.approx((20 + 40 + 20) / 3)
    assert list(effect_rows(we.PROTOCOL, w3a(), people(family_of={1: 0, 2: 0, 3: 0}))) == []


def simulated(
    n: int = 40, per_family: int = 1, seed: int = 3
) -> tuple[list[Measurement], dict[str, Participant]]:
    rng = np.random.default_rng(seed)
    rows, known = [], {}
    family = np.repeat(rng.normal(0, 4, n // per_family), per_family)
    for k in range(n):
        group = "ab"[k // per_family % 2]
        known[f"s{k}"] = Participant(
            f"s{k}", f"d{k}", f"f{k // per_family}", group, {"age_days": 180.0 + k % 7}
        )
        dyad = rng.normal(0, 3)
        for episode, effect in (("PL", 0.0), ("SF", 20.0), ("RE", 10.0)):
            extra = 5.0 if group == "b" and episode == "SF" else 0.0
            rows.append(row(f"s{k}", episode, 30 + effect + extra + family[k] + dyad + rng.normal(0, 3)))
    return rows, known


@pytest.mark.parametrize("per_family", [1, 2])
def test_the_model_equals_the_formula_interface(per_family: int) -> None:
    import pandas as pd
    import statsmodels.formula.api as smf

    rows, known = simulated(per_family=per_family)
    found = {term.term: term for term in model_rows(we.PROTOCOL, rows, known)}
    frame = pd.DataFrame(
        {
            "value": [r.value for r in rows],
            "episode": pd.Categorical([r.episode_id for r in rows], categories=["PL", "SF", "RE"]),
            "group": [known[r.session_id].group for r in rows],
            "family": [known[r.session_id].family_id for r in rows],
            "dyad": [known[r.session_id].dyad_id for r in rows],
            "age": [known[r.session_id].covariates["age_days"] for r in rows],
        }
    )
    vc = {"dyad": "0 + C(dyad)"} if per_family > 1 else None
    peer = smf.mixedlm("value ~ episode * group + age", frame, groups="family", vc_formula=vc).fit(reml=True)
    for ours, theirs in (
        ("episode[SF]", "episode[T.SF]"),
        ("group[b]", "group[T.b]"),
        ("episode[SF]:group[b]", "episode[T.SF]:group[T.b]"),
        ("age_days", "age"),
    ):
        assert found[ours].estimate == pytest.approx(peer.fe_params[theirs], abs=1e-3)
        assert found[ours].se == pytest.approx(peer.bse_fe[theirs], rel=1e-2)
        assert found[ours].p == pytest.approx(peer.pvalues[theirs], rel=0.05, abs=1e-6)
    assert found["episode[SF]"].ci_low < 20 < found["episode[SF]"].ci_high
    assert (found["intercept"].n_dyads, found["intercept"].n_families) == (40, 40 // per_family)


def test_what_cannot_be_modelled_says_why() -> None:
    (model,) = model_rows(we.PROTOCOL, w3a(), people())
    assert (model.estimate, model.remark) == (None, "not fitted: too few to model")
    with pytest.raises(FieldError, match="missing"):
        mixed_model([1.0, float("nan")], ["a", "b"], ["x", "x"], ["x", "x"])
    rows, known = simulated(10)
    lonely = [r for r in rows if r.episode_id != "RE" or known[r.session_id].group == "a"]
    (model,) = model_rows(we.PROTOCOL, lonely, known)
    assert model.remark == "not fitted: an episode or group without a value of its own"


def test_a_covariate_that_is_not_known_leaves_the_session_out() -> None:
    rows, known = simulated()
    known["s0"] = Participant("s0", "d0", "f0", "a")
    terms = list(model_rows(we.PROTOCOL, rows, known))
    assert {term.n_dyads for term in terms} == {39}


def test_groups_and_exclusions_count_what_is_missing() -> None:
    rows = [*w3a(), row("s0", "T2", None), row("s1", "PL", None, "rate_per_min")]
    known = people(groups="ab")
    described = {(g.group, g.episode_id): g for g in group_rows(rows, known)}
    a = described["a", "SF"]
    assert (a.mean, a.n_values, a.minimum, a.maximum, a.n_missing) == (35.0, 2, 30.0, 40.0, 0)
    left_out = list(exclusion_rows(rows, {"x9": "no film"}))
    assert left_out[0].status == "not processed: no film"
    assert {(e.session_id, e.episode_id, e.status, e.n_rows) for e in left_out[1:]} == {
        ("s0", "T2", "MISS_UNSCORABLE", 1), ("s1", "PL", "MISS_UNSCORABLE", 1),
    }  # fmt: skip


def dyads(n: int, *, tied: bool) -> tuple[list[tuple[Session, tuple[we.StateTrack, ...]]], dict[str, str]]:
    from stillface.io.scheme_yaml import load_scheme

    scheme = load_scheme("affect3")
    found = []
    for k in range(n):
        rng = np.random.default_rng(k + 50)
        infant = random_track(scheme, "infant", rng, gap_share=0.0).track
        other = random_track(scheme, "caregiver", rng, gap_share=0.0).track
        if tied:
            other = we.StateTrack(scheme, "caregiver", "human:AB", infant.edges_ns, infant.codes)
            other = other.shift(S // 2).clip(0, 120 * S)
        found.append((Session(f"s{k}", f"d{k}", we.PROTOCOL, (Episode("RE", 0, 120 * S),)), (infant, other)))
    return found, {f"s{k}": f"f{k}" for k in range(n)}


@pytest.mark.parametrize(("n", "surrogate"), [(22, "pseudo_dyads"), (6, "shuffled_segments")])
def test_chance_beside_the_study_finds_a_tie_and_no_tie(n: int, surrogate: str) -> None:
    sessions, families = dyads(n, tied=True)
    rows = {r.measure: r for r in chance_rows(sessions, (we.VALENCE3,), families)}
    assert set(rows) == {"pct_match", "repair_rate_per_min", "synchrony_r0", "synchrony_peak_r"}
    assert {r.surrogate for r in rows.values()} == {surrogate}
    assert rows["pct_match"].p < 0.01
    assert rows["pct_match"].observed > rows["pct_match"].null_high
    sessions, families = dyads(n, tied=False)
    rows = {r.measure: r for r in chance_rows(sessions, (we.VALENCE3,), families)}
    for found in rows.values():
        assert found.null_low - 0.25 * abs(found.null_low) <= found.observed <= found.null_high * 1.25


def test_everything_is_written_and_described(tmp_path: Path) -> None:
    sessions, families = dyads(6, tied=False)
    chance = tuple(chance_rows(sessions, (we.VALENCE3,), families))
    files = write_statistics(
        tmp_path / "statistics", we.PROTOCOL, w3a(), people(), chance=chance, failed={"x": "y"}
    )
    assert [file.name for file in files] == [
        "effects.csv", "mixed_models.csv", "groups.csv", "chance.csv", "exclusions.csv", "codebook.csv",
        "analysis.R", "analysis.sps",
    ]  # fmt: skip
    for file in files[:5]:
        with file.open(newline="", encoding="utf-8") as opened:
            header, *body = csv.reader(opened)
        assert [name for name in header if column_entry(name) is None] == []
        assert body
        assert not any("nan" in cell.lower() for line in body for cell in line)


def test_the_sps_script_reads_the_columns_that_are_written() -> None:
    from stillface.pipeline.study_scripts import R_SCRIPT, SPSS_SCRIPT

    read = [part.split()[0] for part in _variables(SPSS_SCRIPT)]
    assert tuple(read) == Measurement.columns()
    for name in ("left_trunc", "ended_by", "duration_s", "censored", "match_rule", "dyad_id", "episode_id"):
        assert name in R_SCRIPT


def _variables(script: str) -> list[str]:
    import re

    block = script.partition("/VARIABLES=")[2].partition(".\nVARIABLE LABELS")[0]
    return re.findall(r"[a-z_]+ [AF][\d.]+", block)


def test_statsmodels_is_loaded_only_where_a_model_is_fitted() -> None:
    code = "import sys, stillface.pipeline.study_stats; sys.exit('statsmodels' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_survival_equals_statsmodels() -> None:
    from statsmodels.duration.survfunc import SurvfuncRight

    rng = np.random.default_rng(8)
    times, seen = rng.integers(1, 40, 120).astype(float), rng.random(120) < 0.6
    ours, peer = kaplan_meier(times, seen), SurvfuncRight(times, seen.astype(int))
    assert ours.times_s.tolist() == peer.surv_times.tolist()
    assert ours.survival == pytest.approx(peer.surv_prob)
    assert ours.se == pytest.approx(peer.surv_prob_se)
    assert ours.at_risk.tolist() == peer.n_risk.tolist()
    assert ours.median_s == pytest.approx(peer.quantile(0.5))
