"""Runs inside BORIS's own environment: loads projects without a window and prints BORIS's kappas."""

import importlib
import importlib.util
import json
import os
import sys
import types
from decimal import Decimal


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


def kappas(path: str, pairs: list, unit_s: str) -> list:
    """Give BORIS's time-unit kappa of each pair of observations."""
    _, _, project, message = headless("project_functions").open_project_json(path)
    if "error" in project:
        raise SystemExit(message)
    subjects = ["No focal subject"]
    found = []
    for one, other in pairs:
        fits, why, database = headless("db_functions").load_aggregated_events_in_db(
            project, subjects, [one, other], []
        )
        if not fits:
            raise SystemExit(str(why))
        kappa, _ = headless("irr").cohen_kappa(
            database.cursor(), one, other, Decimal(unit_s), subjects, False
        )
        found.append(kappa)
    return found


if __name__ == "__main__":
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    question = json.load(sys.stdin)
    answer = kappas(question["project"], question["pairs"], question["unit_s"])
    print()
    print(json.dumps(answer))
