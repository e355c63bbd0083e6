"""Runs inside an environment with krippendorff and pingouin: prints their figures."""

import json
import sys

import numpy as np


def alpha(question: dict) -> float:
    """Give alpha of a coders x units table, null where a coder has no code."""
    import krippendorff

    table = np.array([[np.nan if code is None else code for code in row] for row in question["codes"]])
    return float(krippendorff.alpha(table, level_of_measurement=question["level"]))


def icc(question: dict) -> dict:
    """Give the six forms by name."""
    import pandas as pd
    import pingouin

    rows = [
        {"target": target, "coder": coder, "rating": rating}
        for target, ratings in enumerate(question["ratings"])
        for coder, rating in enumerate(ratings)
    ]
    table = pingouin.intraclass_corr(pd.DataFrame(rows), "target", "coder", "rating")
    return {str(kind): float(value) for kind, value in zip(table["Type"], table["ICC"], strict=True)}


if __name__ == "__main__":
    questions = json.load(sys.stdin)
    answers = [alpha(q) if q["what"] == "alpha" else icc(q) for q in questions]
    print()
    print(json.dumps(answers))
