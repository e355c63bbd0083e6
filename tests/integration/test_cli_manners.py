"""How the command line answers a slip of the fingers and an early Ctrl-C: one line, or none."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

INTERRUPTED_WHILE_IMPORTING = """
import importlib.abc, os, signal, sys, time
from stillface.cli.main import run
assert "typer" not in sys.modules and "numpy" not in sys.modules, "the start must be light"
interrupted = sys.argv.pop()

class Interrupt(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == interrupted:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)

sys.meta_path.insert(0, Interrupt())
run()
"""


def stillface(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "stillface", *words], capture_output=True, text=True)


SLIPS = {
    "staus": (
        r"stillface: no such command: got staus, expected demo, new, .*, doctor; did you mean status\?"
    ),
    "check": "stillface check: STUDY is missing: expected the study's folder; see stillface check --help",
    "measure --codes codes.csv": (
        "stillface measure: missing: --episodes, --protocol, --out: expected a study's folder, or --codes, "
        "--episodes, --protocol and --out; see stillface measure --help"
    ),
    "run --wrokers 3 .": (
        "stillface run: no such option: got --wrokers, expected --session, .*, --json, --help; "
        r"did you mean --workers\?"
    ),
    "run --workers=two .": (
        "stillface run --workers: a value that cannot be used: got two, expected a valid integer; "
        "see stillface run --help"
    ),
    "run . --workers": "stillface run: option '--workers' requires an argument; see stillface run --help",
}


@pytest.mark.parametrize("words", SLIPS)
def test_a_slip_is_answered_in_one_line(words: str) -> None:
    done = stillface(*words.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(f"error: {SLIPS[words]}\n", done.stderr)


@pytest.mark.parametrize("words", [["zzz"], ["check", "a", "b"], ["--bogus"], ["run", "--workers", "0", "."]])
def test_every_slip_says_where_help_is(words: list[str]) -> None:
    done = stillface(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert " --help\n" in done.stderr


def test_without_words_the_commands_are_listed() -> None:
    for done, code in ((stillface(), 2), (stillface("--help"), 0)):
        assert (done.returncode, done.stderr) == (code, "")
        assert done.stdout.count("agreement") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent otherwise there")
@pytest.mark.parametrize("module", ["typer", "numpy", "stillface.pipeline.status"])
def test_an_early_interrupt_is_quiet(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_WHILE_IMPORTING, "status", ".", module],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (130, "")
