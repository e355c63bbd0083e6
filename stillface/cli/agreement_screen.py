"""What ``stillface agreement`` shows: tables that keep their headings whole on a screen of 80 columns."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from stillface.cli.console import people, results

__all__ = ["say_left_out", "show_study", "show_tables"]

_FIGURES = ("kappa", "agreement", "event\nkappa", "PABAK", "seconds")
_CODE_COLUMNS: tuple[tuple[str, str], ...] = (
    ("kappa", "kappa"),
    ("agreement\non presence", "positive"),
    ("agreement\non absence", "negative"),
    ("% of first\ncoder", "share_first"),
    ("% of second\ncoder", "share_second"),
)
_EVENT_COLUMNS: tuple[tuple[str, str], ...] = (
    ("agreement\non presence", "positive"),
    ("agreed", "n_agreed"),
    ("events of\nfirst coder", "n_first"),
    ("events of\nsecond coder", "n_second"),
)
_INITIALS = {"pabak": "PABAK", "ac1": "AC1"}
_TITLES = {
    "reliability": "People against people: reliability",
    "validity": "Machine against person: validity, not reliability",
}


def show_tables(result: dict[str, Any]) -> None:
    """Show the figures of two tables: pairs, each code, and what other programs would print."""
    sessions = result["sessions"]
    for comparison, title in _TITLES.items():
        _figures(
            title,
            [
                ((row["session_id"], row["role"], row["scheme_id"], " ".join(row["coders"])), row)
                for row in sessions
                if row["comparison"] == comparison
            ],
            ("session", "role", "scheme", "coders"),
        )
    if len(sessions) > 1:
        _pooled(result["pooled"])
    _ratings(result["pooled"]["by_scheme"])
    for scheme_id, row in result["pooled"]["by_scheme"].items():
        _codes(scheme_id, row["codes"])
    for scheme_id, row in result["validity"].items():
        _validity(scheme_id, row)
    _other_programs(sessions)
    for row in result["unpaired"]:
        left_out = ", ".join(row["left_out"])
        why = f": --coder left out {left_out} on the other side" if left_out else ", which alone has it"
        stream = f"{row['session_id']}/{row['role']}/{row['scheme_id']}"
        people.print(f"not compared: {stream} of {row['only_in']}{why}", markup=False)
    if not sessions:
        people.print("nothing was compared: no stream stands on both sides", markup=False)


def say_left_out(result: dict[str, Any]) -> None:
    """Tell whose streams the choice of coders left out."""
    for row in result["left_out"]:
        n = row["n_streams"]
        streams = "1 stream" if n == 1 else f"{n} streams"
        people.print(f"left out by --coder: {row['coder_id']}, {streams} of {row['table']}", markup=False)


def show_study(content: dict[str, Any]) -> None:
    """Show how far double coding has come and the pooled figures; the page holds the rest."""
    _plan(content["plan"])
    _figures(
        _TITLES["reliability"],
        [((name, str(row["n_sessions"]), row["label"]), row) for name, row in content["pooled"].items()],
        ("scheme", "sessions", "label"),
    )
    _intervals(content["pooled"])
    _figures(
        "People against people: events without duration",
        [
            ((name, str(row["n_sessions"]), row["label"]), row)
            for name, row in content["pooled_points"].items()
        ],
        ("scheme", "sessions", "label"),
    )
    _ratings(content["pooled"])
    for scheme_id, row in (content["pooled"] | content["pooled_points"]).items():
        _codes(scheme_id, row["codes"])
    _other_programs(content["sessions"])
    _figures(
        "Coders against the masters",
        [((row["coder"], row["scheme_id"], row["label"]), row) for row in content["certification"]],
        ("coder", "scheme", "label"),
    )
    for row in content["certification"]:
        if row["coded_before"]:
            people.print(
                f"{row['coder']} coded {', '.join(row['coded_before'])} with {row['scheme_id']} before "
                f"the master sessions were done (now {row['n_masters']} of {row['of']})",
                markup=False,
            )
    _figures(
        _TITLES["validity"],
        [((row["machine"], row["role"], row["scheme_id"]), row) for row in content["validity"]],
        ("machine", "role", "scheme"),
    )
    for row in content["recode"]:
        people.print(
            f"drift: recode {row['session_id']} {row['role']}/{row['scheme_id']}, "
            f"{row['coder']}, {row['month']}",
            markup=False,
        )
    for row in content["refused"]:
        people.print(row["error"], markup=False)


def _plan(plan: dict[str, Any]) -> None:
    if plan["seed"] is None:
        people.print("No sessions have been drawn yet: draw them with --draw.")
    else:
        people.print(
            f"{plan['n_done']} of {plan['n_drawn']} drawn sessions are coded from scratch by two "
            f"(seed {plan['seed']}, {plan['n_sessions']} sessions in all)."
        )
        for row in plan["sessions"]:
            for line in row["missing"]:
                people.print(f"  {row['session_id']} {line}", markup=False)


def _pooled(pooled: dict[str, Any]) -> None:
    by_scheme = pooled["by_scheme"]
    lines = [((name, f"{row['n_sessions']}", f"{row['n_pairs']}"), row) for name, row in by_scheme.items()]
    if len(by_scheme) > 1:
        lines.append((("all", "", ""), pooled))
    _figures("All sessions together, weighted by time", lines, ("scheme", "sessions", "pairs"))
    _intervals(by_scheme)


def _figures(
    title: str, lines: Sequence[tuple[tuple[str, ...], dict[str, Any]]], names: tuple[str, ...]
) -> None:
    """Print one line a comparison; why a figure is undefined stands below."""
    if not lines:
        return
    # A column that no line fills would only take room.
    wanted = [k for k in range(len(_FIGURES)) if any(_numbers(row)[k] for _, row in lines)]
    table = _table(title, names, [_FIGURES[k] for k in wanted])
    for k in range(1, len(names)):
        # The first column gives way where the screen is narrow.
        table.columns[k].min_width = max(min(10, len(ids[k])) for ids in (names, *(ids for ids, _ in lines)))
    for ids, row in lines:
        numbers = _numbers(row)
        table.add_row(*ids, *(numbers[k] or "–" for k in wanted))
    results.print(table, "")
    for ids, row in lines:
        name = " ".join(ids).rstrip()
        if row["reason"]:
            results.print(f"{name}: kappa is undefined, {row['reason']}", markup=False)
        if row["reason"] and row.get("events", {}).get("reason"):
            results.print(f"{name}: event kappa is undefined, {row['events']['reason']}", markup=False)


def _numbers(row: dict[str, Any]) -> tuple[str, ...]:
    seconds = row["compared_s"]
    return (
        _three(row["kappa"]),
        _three(row["agreement"]),
        _three(row.get("events", {}).get("kappa")),
        _three(row.get("coefficients", {}).get("pabak")),
        f"{seconds:.1f}" if seconds else "",
    )


def _ratings(by_scheme: dict[str, Any]) -> None:
    """Print scales unit by unit; why a figure is undefined stands below."""
    rated = {name: row["ratings"] for name, row in by_scheme.items() if "ratings" in row}
    if not rated:
        return
    numbers = ("units", "alike", "kappa", "linear", "quadratic", "ICC(2,1)", "ICC(3,1)", "alpha")
    table = _table(
        "Ratings, each unit counting once (linear, quadratic: weighted kappa)", ("scheme",), numbers
    )
    for name, row in rated.items():
        figures = (
            row["agreement"], row["kappa"], row["weighted"]["linear"], row["weighted"]["quadratic"],
            row["icc"]["icc_2_1"], row["icc"]["icc_3_1"], row["alpha"]["alpha"],
        )  # fmt: skip
        table.add_row(name, str(row["n_units"]), *(_three(figure) or "–" for figure in figures))
    results.print(table, "")
    for name, row in rated.items():
        reasons = (("kappa", row), ("weighted kappa", row["weighted"]), ("ICC", row["icc"]))
        for what, figure in (*reasons, ("alpha", row["alpha"])):
            if figure["reason"]:
                results.print(f"{name}: {what} is undefined, {figure['reason']}", markup=False)
        if row["n_one_only"] or row["n_unscorable"]:
            results.print(
                f"{name}: not compared, {row['n_one_only']} rated by one only, "
                f"{row['n_unscorable']} that could not be rated",
                markup=False,
            )


def _codes(scheme_id: str, codes: dict[str, Any]) -> None:
    """Print each code by itself; events without duration have numbers where states have shares of time."""
    if not codes:
        return
    shown = _CODE_COLUMNS
    if all("n_agreed" in row for row in codes.values()):
        shown = _EVENT_COLUMNS
    table = _table(f"Each code of {scheme_id} against all others", ("code",), [title for title, _ in shown])
    for code, row in codes.items():
        table.add_row(code, *(_cell(name, row[name]) for _, name in shown))
    results.print(table, "")


def _cell(name: str, value: float | int | None) -> str:
    if value is None:
        return "–"
    if name.startswith("n_"):
        return str(value)
    return f"{100 * value:.1f}" if name.startswith("share_") else _three(value)


def _validity(scheme_id: str, row: dict[str, Any]) -> None:
    """Print how well each code is proposed, and the whole by strata where they were asked for."""
    table = _table(f"The machine's {scheme_id} by code", ("code",), ("precision", "recall", "AUC"))
    for code, found in row["codes"].items():
        table.add_row(code, *(_three(found[name]) or "–" for name in ("precision", "recall", "auc")))
    results.print(table, "")
    unproposed = row["unproposed"]
    if unproposed is not None:
        results.print(f"{100 * unproposed:.1f} % of the person's time has no proposal", markup=False)
    if row["confidence_reason"]:
        results.print(f"no AUC and no calibration: {row['confidence_reason']}", markup=False)
    elif row["calibration_error"] is not None:
        results.print(f"mean gap of confidence and share right: {row['calibration_error']:.3f}", markup=False)
    results.print("")
    _figures(f"{scheme_id} by stratum", [((name,), part) for name, part in row["by"].items()], ("stratum",))
    for name, part in (("all", row), *row["by"].items()):
        results.print(f"{name}: {_interval(part['interval'])}", markup=False)


def _intervals(by_scheme: dict[str, Any]) -> None:
    """Print the limits of the figures of states, a line a scheme."""
    for name, row in by_scheme.items():
        if "intervals" not in row:
            continue
        found = {"kappa": row["interval"], **row["intervals"]}
        known = {_INITIALS.get(k, k.replace("_", " ")): v for k, v in found.items() if v["low"] is not None}
        told = ", ".join(f"{what} {one['low']:.3f} to {one['high']:.3f}" for what, one in known.items())
        reasons = "; ".join(dict.fromkeys(one["reason"] for one in found.values() if one["reason"]))
        note = f" ({reasons})" if told and reasons else reasons
        results.print(f"{name}: 95 % intervals over sessions: {told}{note}", markup=False)
    results.print("")


def _interval(interval: dict[str, Any]) -> str:
    reason = interval["reason"]
    if interval["low"] is None:
        return f"no interval of kappa, {reason}"
    told = f"95 % interval of kappa over {interval['n_sessions']} sessions"
    note = f" ({reason})" if reason else ""
    return f"{told} {interval['low']:.3f} to {interval['high']:.3f}{note}"


def _other_programs(sessions: Sequence[dict[str, Any]]) -> None:
    """Print each program's figure with the sentence why it differs; the median where pairs are several."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for session in sessions:
        for row in session["side_by_side"]:
            found.setdefault((row["program"], row["method"]), []).append(row)
    if not found:
        return
    title = "What other programs would print"
    if len(sessions) > 1:
        title += f": median kappa of {len(sessions)} pairs (lowest to highest)"
    table = _table(title, ("program", "method"), ("kappa",))
    table.add_column("why it differs", overflow="fold", ratio=3)
    table.columns[1].ratio = 2
    for (program, method), rows in found.items():
        table.add_row(program, method, _middle([row["kappa"] for row in rows]), _why(rows))
    results.print(table, "")


def _why(rows: Sequence[dict[str, Any]]) -> str:
    reasons = dict.fromkeys(row["reason"] for row in rows if row["reason"])
    undefined = f" Undefined here: {'; '.join(reasons)}." if all(row["reason"] for row in rows) else ""
    return str(rows[0]["why"]) + undefined


def _middle(kappas: Sequence[float | None]) -> str:
    known = [kappa for kappa in kappas if kappa is not None]
    if not known:
        return "–"
    middle = _three(median(known))
    return middle if min(known) == max(known) else f"{middle}\n({min(known):.2f} to\n{max(known):.2f})"


def _table(title: str, names: Sequence[str], numbers: Sequence[str]) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, show_edge=False, padding=0
    )
    for name in names:
        # Long ids go on in the next line; a heading is never cut.
        table.add_column(name, overflow="fold", min_width=len(name))
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _three(number: float | None) -> str:
    return "" if number is None else f"{number:.3f}"
