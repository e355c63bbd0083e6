"""Runs inside BORIS's own environment: loads projects without a window and prints BORIS's kappas."""

import contextlib
import importlib
import importlib.util
import io
import json
import os
import sys
import types
from decimal import Decimal

PLUGINS = {"unweighted": "irr_cohen_kappa", "weighted": "irr_weighted_cohen_kappa"}


def headless(name: str) -> types.ModuleType:
    """Import a module of BORIS whose package would otherwise open sound and video."""
    if "boris" not in sys.modules:
        spec = importlib.util.find_spec("boris")
        site = next(iter(spec.submodule_search_locations))
        package = types.ModuleType("boris")
        package.__path__ = [site]
        sys.path.append(site)
        sys.modules["boris"] = package
        for player in ("mpv", "mpv2"):
            stub = types.ModuleType(f"boris.{player}")
            stub.MPV, stub.sofile, stub.dll = object, "none", "none"
            sys.modules[f"boris.{player}"] = stub
            setattr(package, player, stub)
    return importlib.import_module(f"boris.{name}")


def time_unit(project: dict, pair: list, unit_s: str) -> float:
    """Give BORIS's time-unit kappa of a pair of observations."""
    subjects = ["No focal subject"]
    fits, why, database = headless("db_functions").load_aggregated_events_in_db(project, subjects, pair, [])
    if not fits:
        raise SystemExit(str(why))
    kappa, _ = headless("irr").cohen_kappa(database.cursor(), *pair, Decimal(unit_s), subjects, False)
    return kappa


def plugin_kappas(project: dict, pair: list) -> dict:
    """Give what BORIS 9's plugins print, questions answered as they are proposed; None where it says NaN."""
    widgets = importlib.import_module("PySide6.QtWidgets")

    class Answers:
        getInt = staticmethod(lambda *_, value, **__: (value, True))  # noqa: N815 - Qt's name
        getDouble = staticmethod(lambda *_, value, **__: (value, True))  # noqa: N815 - Qt's name
        warning = staticmethod(lambda *_: None)

    widgets.QInputDialog = widgets.QMessageBox = Answers
    message, table = headless("project_functions").project2dataframe(project, pair)
    if message:
        raise SystemExit(message)
    chosen = headless("plugins").plugin_df_filter(table, observations_list=pair, parameters={})
    found = {}
    for name, module in PLUGINS.items():
        with contextlib.redirect_stdout(io.StringIO()):  # a plugin prints all codes
            result = headless(f"analysis_plugins.{module}").run(chosen.copy())
        cell = (result[0] if isinstance(result, tuple) else result).loc[pair[0], pair[1]]
        found[name] = None if cell == "NaN" else float(cell)
    return found


def answer(question: dict) -> list:
    """Give the kappas of each pair of the question's project."""
    _, _, project, message = headless("project_functions").open_project_json(question["project"])
    if "error" in project:
        raise SystemExit(message)
    found = []
    for pair in question["pairs"]:
        figures = {"time_unit": time_unit(project, pair, question["unit_s"])}
        if question.get("plugins"):
            figures.update(plugin_kappas(project, pair))
        found.append(figures)
    return found


if __name__ == "__main__":
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    answers = answer(json.load(sys.stdin))
    print()
    print(json.dumps(answers))
