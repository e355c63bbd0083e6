"""The exported scripts run in R and PSPP, and give the numbers of the exported tables."""

from __future__ import annotations

import csv
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fixtures import worked_examples as we
from stillface.domain.results import Measurement, Status
from stillface.domain.session import Session
from stillface.domain.study import Person, Study, Visit
from stillface.io.measures_table import (
    MomentRow,
    RepairRow,
    write_measures_long,
    write_moments,
    write_repairs,
)
from stillface.io.tables import write_table
from stillface.measures.survival import kaplan_meier
from stillface.pipeline.outputs import SESSION_COLUMNS
from stillface.pipeline.study_files import Statistics, study_statistics, write_statistics
from stillface.pipeline.study_people import participants

pytestmark = pytest.mark.peer
COVARIATES = ("age_days", "site", "room")
COLUMNS = (*SESSION_COLUMNS, "covariate_room", "covariate_site")
EPISODES = {"PL": 0.0, "SF": 20.0, "RE": 10.0}


def values(per_family: int, n: int = 36) -> tuple[list[Measurement], list[Session], Study]:
    """Give shares of negative time with effects of episode, group, site, age, family and dyad."""
    rng = np.random.default_rng(11)
    family = np.repeat(rng.normal(0, 4, n // per_family), per_family)
    rows, sessions, persons, visits = [], [], [], []
    for k in range(n):
        # Ids that a careless reader takes for numbers, groups that one takes for truth values.
        session, group, site = f"{k:03d}", "TF"[k // per_family % 2], "AB"[k % 3 > 0]
        persons.append(Person(f"i{k}", f"{k // per_family:02d}", sex="fm"[k % 2], group=group))
        visits.append(Visit(f"v{k}", {f"i{k}": 150 + 7 * (k % 5)}))
        sessions.append(
            Session(
                session, f"d{k}", we.PROTOCOL, (), persons={"infant": f"i{k}"}, visit_id=f"v{k}",
                covariates={"site": site, "room": "blue"},
            )
        )  # fmt: skip
        dyad = rng.normal(0, 3)
        for episode, effect in EPISODES.items():
            if k == 5 and episode == "RE":
                continue
            extra = (5.0 if group == "T" and episode == "SF" else 0.0) + (2.0 if site == "B" else 0.0)
            value = 30 + effect + extra + 0.1 * (k % 5) + family[k] + dyad + rng.normal(0, 3)
            rows.append(
                Measurement(
                    f"d{k}", session, "worked", episode, "infant", "affect3", "AB", "pct_negative", "", "",
                    float(value), "%", None, 60.0, 1.0, Status.OK,
                )
            )  # fmt: skip
    rows.append(replace(rows[0], episode_id="SF-PL"))
    rows.append(replace(rows[0], measure="pct_time", code="neg"))
    rows.append(
        replace(
            rows[0], session_id="005", dyad_id="d5", episode_id="RE", value=None, status=Status.MISS_EPISODE
        )
    )
    for k, row in enumerate(list(rows[:40])):
        cens = Status.CENS_EP_END if k % 3 == 0 else Status.OK
        rows.append(
            replace(
                row, measure="recovery_latency_s", code="nonneg", episode_id="RE", value=3.0 + k, status=cens
            )
        )
    study = Study("s", "worked", persons=tuple(persons), visits=tuple(visits), covariates=COVARIATES)
    return rows, sessions, study


def moment(k: int) -> MomentRow:
    """Give one of nine waits: the third was not at risk, every even one is censored."""
    status = "NA_NOTATRISK" if k == 3 else "OK" if k % 2 else "CENS_EP_END"
    return MomentRow(
        f"d{k % 5}", f"{k % 5:03d}", "RE", "infant", "affect3+affect3", "AB", "valence3", "WD", k,
        "withdrawal", 10.0, 0.0, 30.0, 30.0, 1.0, "match", 5.0, 50.0, 60.0, None if k == 3 else 1.0 + k,
        None, status, int(status == "CENS_EP_END"), None, "",
    )  # fmt: skip


def exported(folder: Path, per_family: int) -> tuple[Path, Statistics]:
    """Write what a run exports, as far as the scripts read it."""
    rows, sessions, study = values(per_family)
    people = participants(study, sessions)
    write_measures_long(folder / "measures_long.csv", rows)
    rng = np.random.default_rng(4)
    write_repairs(
        folder / "repairs.csv",
        [
            RepairRow(
                f"d{k % 9}", f"{k % 9:03d}", ("PL", "RE")[k % 2], "affect3+affect3", "AB", "valence3", k, 0.0,
                1.0, float(rng.exponential(3 + k % 2)), "repair" if k % 4 else "gap", int(not k % 4),
                int(k % 7 == 0), "infant", "infant", "infant", "up",
            )
            for k in range(120)
        ],
    )  # fmt: skip
    lines = [
        [
            s.dyad_id, s.session_id, s.visit_id, "worked", "infant", p.person_id, p.family_id, p.sex, p.group,
            v.age_days[p.person_id], None, "private", 3, 0, s.covariates["room"], s.covariates["site"],
        ]
        for s, p, v in zip(sessions, study.persons, study.visits, strict=True)
    ]  # fmt: skip
    lines.append([*lines[0][:4], "caregiver", "c0", "", "", "", *([None] * 2), "private", 3, 0, "blue", "A"])
    write_table(folder / "sessions.csv", COLUMNS, lines)
    write_moments(folder / "moments.csv", [moment(k) for k in range(9)])
    statistics = study_statistics(we.PROTOCOL, rows, people, [], (), {})
    write_statistics(folder / "statistics", we.PROTOCOL, statistics, people, COVARIATES, COLUMNS)
    return folder / "statistics", statistics


def ran(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    program = shutil.which(command[0])
    if program is None:
        pytest.skip(f"{command[0]} is not installed")
    return subprocess.run([program, *command[1:]], cwd=folder, capture_output=True, text=True, check=False)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


R_NAMES = {
    "intercept": "(Intercept)", "episode[SF]": "episodeSF", "episode[RE]": "episodeRE", "group[T]": "groupT",
    "episode[SF]:group[T]": "episodeSF:groupT", "episode[RE]:group[T]": "episodeRE:groupT",
    "age_days": "x_age_days", "site[B]": "x_siteB",
}  # fmt: skip


@pytest.mark.parametrize("per_family", [1, 2])
def test_r_gives_our_means_contrasts_and_fixed_effects(tmp_path: Path, per_family: int) -> None:
    folder, statistics = exported(tmp_path, per_family)
    keep = (
        'source("analysis.R"); write.csv(means, "r_means.csv"); write.csv(effects, "r_effects.csv");'
        ' write.csv(summary(model)$tTable, "r_model.csv");'
        ' writeLines(as.character(summary(recovery)$n.event), "r_events.txt");'
        ' writeLines(as.character(summary(moments)$surv), "r_moments.txt")'
    )
    result = ran(["Rscript", "--vanilla", "-e", keep], folder)
    if "there is no package called" in result.stderr:
        pytest.skip("R without nlme or survival")
    assert result.returncode == 0, result.stderr
    means = {(row["group"], row["episode"]): row for row in table(folder / "r_means.csv")}
    ours = [g for g in statistics.groups if g.measure == "pct_negative" and g.episode_id in EPISODES]
    assert len(ours) == len(means) == 6
    for group in ours:
        theirs = means[group.group, group.episode_id]
        assert float(theirs["mean"]) == pytest.approx(group.mean, rel=1e-12)
        assert float(theirs["sd"]) == pytest.approx(group.sd, rel=1e-12)
        assert int(theirs["n"]) == group.n_values
    effects = {row["contrast"]: row for row in table(folder / "r_effects.csv")}
    for effect in (e for e in statistics.effects if e.measure == "pct_negative" and not e.group):
        theirs = effects.pop(effect.contrast)
        for name in ("mean_difference", "sd_difference", "t", "p", "d_z", "d_av"):
            assert float(theirs[name]) == pytest.approx(getattr(effect, name), rel=1e-9), name
        assert (int(theirs["df"]), int(theirs["n_families"])) == (effect.df, effect.n_families)
    assert effects == {}
    model = {row[""]: row for row in table(folder / "r_model.csv")}
    terms = [m for m in statistics.models if m.measure == "pct_negative"]
    assert {R_NAMES[term.term] for term in terms} == set(model)
    for term in terms:
        theirs = model[R_NAMES[term.term]]
        assert float(theirs["Value"]) == pytest.approx(term.estimate, abs=1e-4), term.term
        assert float(theirs["Std.Error"]) == pytest.approx(term.se, rel=5e-3), term.term
    assert "coxph" in result.stdout
    # Every third of 40 waits is censored.
    assert sum(map(int, (folder / "r_events.txt").read_text().split())) == 26
    waits = [1.0 + k for k in range(9) if k != 3]
    ours = kaplan_meier(waits, [bool(k % 2) for k in range(9) if k != 3]).survival
    assert [float(s) for s in (folder / "r_moments.txt").read_text().split()] == pytest.approx(ours)


def test_pspp_gives_our_means_and_contrasts(tmp_path: Path) -> None:
    folder, statistics = exported(tmp_path, 2)
    result = ran(["pspp", "-O", "format=csv", "-o", "pspp.csv", "--testing-mode", "analysis.sps"], folder)
    # PSPP knows no MIXED; SPSS does. Nothing else may be wrong.
    said = [
        line for line in (result.stdout + result.stderr).splitlines() if "error" in line or "warning" in line
    ]
    assert all("MIXED" in line for line in said), said
    with (folder / "pspp.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.reader(file))
    printed, group = {}, ""
    for line in lines:
        # The group's name stands in its first line only.
        group = line[0] if len(line) == 5 and line[0] else group
        if len(line) == 5 and line[1] in EPISODES:
            printed[group, line[1]] = line[2:]
    ours = [g for g in statistics.groups if g.measure == "pct_negative" and g.episode_id in EPISODES]
    assert len(ours) == 6
    for row in ours:
        mean, sd, n = printed[row.group, row.episode_id]
        assert float(mean) == pytest.approx(row.mean, abs=1e-9)
        assert float(sd) == pytest.approx(row.sd, abs=1e-9)
        assert int(n) == row.n_values
    tests = [line for line in lines if len(line) == 10 and line[0].startswith("Pair")]
    effects = [e for e in statistics.effects if e.measure == "pct_negative" and not e.group]
    assert len(tests) == len(effects) == 2
    # Printed to two decimals.
    for line, effect in zip(tests, effects, strict=True):
        found = [float(cell) for cell in (line[2], line[3], line[7], line[8])]
        assert found == pytest.approx(
            [effect.mean_difference, effect.sd_difference, effect.t, effect.df], abs=0.0051
        )
