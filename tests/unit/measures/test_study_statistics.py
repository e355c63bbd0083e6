"""Study level: effects over families, mixed models against statsmodels' formulas, chance, exclusions."""

from __future__ import annotations

import csv
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fixtures import worked_examples as we
from stillface.domain.results import Measurement, Status
from stillface.domain.session import Episode, Session
from stillface.domain.study import Person, Study, Visit
from stillface.errors import FieldError
from stillface.io.codebook import column_entry
from stillface.measures.contingency import window_tables
from stillface.measures.mixed import mixed_model
from stillface.measures.slices import pair_slices
from stillface.measures.survival import kaplan_meier
from stillface.pipeline.outputs import SESSION_COLUMNS
from stillface.pipeline.study_chance import ChanceRow, chance_rows
from stillface.pipeline.study_contingency import contingency_rows
from stillface.pipeline.study_files import Statistics, study_statistics, write_statistics
from stillface.pipeline.study_people import Participant, participants
from stillface.pipeline.study_stats import effect_rows, exclusion_rows, group_rows, model_rows
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
    peer = smf.mixedlm("value ~ episode * group + age", frame, groups="family", re_formula="1", vc_formula=vc)
    peer = peer.fit(reml=True)
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
    assert (left_out[0].status, left_out[0].reason) == ("not processed", "no film")
    assert {e.reason for e in left_out[1:]} == {"missing: nothing scorable"}
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


def held_against(sessions: list, families: dict[str, str], surrogate: str) -> dict[str, ChanceRow]:  # type: ignore[type-arg]
    found = list(chance_rows(sessions, (we.VALENCE3,), families))
    assert {(r.measure, r.surrogate) for r in found if r.surrogate == "phase"} == {
        ("synchrony_r0", "phase"), ("synchrony_peak_r", "phase"),
    }  # fmt: skip
    return {r.measure: r for r in found if r.surrogate != "phase"}


@pytest.mark.parametrize(("n", "surrogate"), [(22, "pseudo_dyads"), (6, "shuffled_segments")])
def test_chance_beside_the_study_finds_a_tie_and_no_tie(n: int, surrogate: str) -> None:
    sessions, families = dyads(n, tied=True)
    rows = held_against(sessions, families, surrogate)
    assert set(rows) == {"pct_match", "repair_rate_per_min", "synchrony_r0", "synchrony_peak_r"}
    assert {r.surrogate for r in rows.values()} == {surrogate}
    assert rows["pct_match"].p < 0.01
    assert rows["pct_match"].observed > rows["pct_match"].null_high
    sessions, families = dyads(n, tied=False)
    rows = held_against(sessions, families, surrogate)
    for found in rows.values():
        assert found.null_low - 0.25 * abs(found.null_low) <= found.observed <= found.null_high * 1.25


def test_phases_drawn_at_random_keep_no_tie_and_take_a_stretch_without_gaps() -> None:
    sessions, families = dyads(8, tied=True)
    phase = {r.measure: r for r in chance_rows(sessions, (we.VALENCE3,), families) if r.surrogate == "phase"}
    assert phase["synchrony_r0"].p < 0.01
    assert phase["synchrony_r0"].expected == pytest.approx(0, abs=0.1)
    assert phase["synchrony_r0"].n_dyads == 8
    session, (infant, other) = sessions[0]
    for end_s, n in ((60, 8), (19, 7)):
        sessions[0] = session, (infant.clip(0, end_s * S).clip(0, 120 * S), other)
        rows = list(chance_rows(sessions, (we.VALENCE3,), families))
        phase = {r.measure: r for r in rows if r.surrogate == "phase"}
        assert phase["synchrony_r0"].n_dyads == n


@pytest.mark.parametrize("n", [22, 6])
def test_pooled_contingency_is_the_sum_of_the_sessions(n: int) -> None:
    sessions, families = dyads(n, tied=True)
    rows = {r.code: r for r in contingency_rows(sessions, (we.VALENCE3,), families)}
    assert {r.surrogate for r in rows.values()} == {"pseudo_dyads" if n == 22 else "shuffled_segments"}
    # The second follows the first after half a second: its smile is in the window of the first's.
    led, leads = rows["infant:pos>caregiver:pos"], rows["caregiver:pos>infant:pos"]
    single = [
        directed.table
        for session, tracks in sessions
        for pair in pair_slices(session, tracks)
        if pair.problem is None
        for directed in window_tables(pair)
        if directed.code == led.code and directed.table is not None
    ]
    assert led.in_window == sum(table.a for table in single)
    assert led.neither == pytest.approx(sum(table.d for table in single))
    assert (led.status, led.n_sessions, led.n_families) == ("OK", n, n)
    assert led.ln_or is not None
    assert led.ln_or_low < led.ln_or < led.ln_or_high
    assert led.ln_or > 1.5 > leads.ln_or
    assert led.p < 0.01
    assert led.yule_q > 0.5
    untied, families = dyads(n, tied=False)
    chance = [r.p for r in contingency_rows(untied, (we.VALENCE3,), families) if r.p is not None]
    assert np.mean([p < 0.05 for p in chance]) < 0.35


def test_twins_are_drawn_together_and_one_family_has_no_interval() -> None:
    sessions, _ = dyads(4, tied=True)
    one = next(iter(contingency_rows(sessions, (we.VALENCE3,), {f"s{k}": "f" for k in range(4)})))
    assert (one.n_sessions, one.n_families, one.ln_or_low) == (4, 1, None)


def test_contrasts_are_given_for_each_group_too() -> None:
    found = {(e.group, e.contrast): e for e in effect_rows(we.PROTOCOL, w3a(), people(groups="ab"))}
    assert found["", "SF-PL"].mean_difference == 25.0
    assert (found["a", "SF-PL"].mean_difference, found["a", "SF-PL"].n_families) == (30.0, 2)
    assert found["b", "SF-PL"].mean_difference == 20.0


def test_covariates_of_words_are_levels_and_those_that_are_the_same_are_no_covariates() -> None:
    rows, known = simulated()
    known = {
        name: replace(
            person,
            covariates={"site": "lmn"[k % 3], "hour": float(k % 5), "room": "blue"},
        )
        for k, (name, person) in enumerate(known.items())
    }
    terms = {term.term: term for term in model_rows(we.PROTOCOL, rows, known)}
    assert {"site[m]", "site[n]", "hour"} <= set(terms)
    assert "room[blue]" not in terms
    assert terms["hour"].remark == "room is the same in all and left out"


def study_of(persons: tuple[Person, ...], covariates: tuple[str, ...]) -> Study:
    visits = (Visit("v1", {"i0": 120}), Visit("v2", {"i1": 130}))
    return Study("s", "worked", persons=persons, visits=visits, covariates=covariates)


def test_participants_know_family_group_and_the_covariates_that_the_study_names() -> None:
    persons = (Person("i0", "f0", sex="f", group="term"), Person("i1", sex="m"), Person("c0", "f0"))
    sessions = [
        Session("s0", "d0", we.PROTOCOL, (), persons={"caregiver": "c0", "infant": "i0"}, visit_id="v1",
                covariates={"site": "A", "hour": "10", "unused": "x"}),
        Session("s1", "d1", we.PROTOCOL, (), persons={"infant": "i1"}, visit_id="v2",
                covariates={"hour": "9.5"}),
        Session("s2", "d2", we.PROTOCOL, ()),
    ]  # fmt: skip
    found = participants(study_of(persons, ("age_days", "sex", "site", "hour")), sessions)
    assert found["s0"] == Participant(
        "s0", "d0", "f0", "term", {"age_days": 120.0, "sex": "f", "site": "A", "hour": 10.0}
    )
    assert (found["s1"].family_id, dict(found["s1"].covariates)) == (
        "d1", {"age_days": 130.0, "sex": "m", "hour": 9.5},
    )  # fmt: skip
    assert (found["s2"].family_id, found["s2"].group, dict(found["s2"].covariates)) == ("d2", "", {})
    mixed = participants(
        study_of(persons, ("hour",)), [*sessions[:1], replace(sessions[1], covariates={"hour": "noon"})]
    )
    assert dict(mixed["s0"].covariates) == {"hour": "10"}


def statistics_of(tmp_path: Path) -> tuple[Path, ...]:
    sessions, families = dyads(6, tied=False)
    known = {name: Participant(name, f"d{name}", family) for name, family in families.items()}
    rows = [*w3a(), *(row(f"s{k}", "RE", 5.0 + k, "recovery_latency_s") for k in range(4))]
    statistics = study_statistics(we.PROTOCOL, rows, known, sessions, (we.VALENCE3,), {"x": "y"})
    return write_statistics(tmp_path, we.PROTOCOL, statistics, known, ("age_days",), SESSION_COLUMNS)


def test_everything_is_written_and_described(tmp_path: Path) -> None:
    files = statistics_of(tmp_path / "statistics")
    assert [file.name for file in files] == [
        "effects.csv", "mixed_models.csv", "groups.csv", "chance.csv", "contingency.csv", "survival.csv",
        "transitions.csv", "events.csv", "autonomic_change.csv", "missing_physiology.csv", "exclusions.csv",
        "codebook.csv", "analysis.R", "analysis.sps",
    ]  # fmt: skip
    worn = ("events.csv", "autonomic_change.csv", "missing_physiology.csv")
    for file in files[:9]:
        with file.open(newline="", encoding="utf-8") as opened:
            header, *body = csv.reader(opened)
        assert [name for name in header if column_entry(name) is None] == []
        # These dyads wore nothing: nothing is said of hearts.
        assert bool(body) == (file.name not in worn)
        assert not any("nan" in cell.lower() for line in body for cell in line)
    again = statistics_of(tmp_path / "again")
    assert [file.read_bytes() for file in files] == [file.read_bytes() for file in again]


def test_a_covariates_column_is_described_whatever_its_name() -> None:
    entry = column_entry("covariate_time_of_day")
    assert entry is not None
    assert (entry.name, bool(entry.definition)) == ("covariate_time_of_day", True)
    assert column_entry("nobodys_column") is None


def test_nothing_to_say_is_tables_with_headers(tmp_path: Path) -> None:
    files = write_statistics(tmp_path, we.PROTOCOL, Statistics(), {}, (), SESSION_COLUMNS)
    assert all(len(file.read_text().splitlines()) == 1 for file in files[:6])


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
