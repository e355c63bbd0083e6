"""Runs inside an environment with pympi-ling: prints the annotations of tiers of an ELAN file."""

import json
import sys

import pympi

if __name__ == "__main__":
    question = json.load(sys.stdin)
    file = pympi.Eaf(question["file"])
    answer = [sorted(file.get_annotation_data_for_tier(tier)) for tier in question["tiers"]]
    print()
    print(json.dumps(answer))
