# Two commands do everything on a fresh Debian or Ubuntu machine with Python 3.11 or 3.12:
#   make demo    sets up .venv, runs the whole job on the built-in dyad, says where the results are
#   make test    sets up, runs all tests, the window tests under Xvfb
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# CI=true in the environment keeps apt from asking anything.
export DEBIAN_FRONTEND := noninteractive

.PHONY: help setup system demo test lint bench mutation clean

help:
	@sed -n '1,4p' Makefile | sed 's/^# //'

setup: system $(VENV)/.ready

# Debian packages that Python wheels need but cannot bring: missing ones only.
system:
	@sh .ci/system-packages

$(VENV)/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if v in ((3, 11), (3, 12)) else f"stillface needs Python 3.11 or 3.12, this is {v[0]}.{v[1]}: run make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[all,test]'
	@touch $@

demo: setup
	$(BIN)/stillface demo

test: setup
	@sh .ci/with-display $(BIN)/python -m pytest

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup
	$(BIN)/python benchmarks/measures.py
	$(BIN)/python benchmarks/autocode.py
	@sh .ci/with-display $(BIN)/python benchmarks/gui.py

# Ten minutes: a seeded sample of mutants of measures and agreement, and which of them the tests miss.
# A second call goes on in mutants/; make clean starts afresh.
mutation: setup
	$(BIN)/python -m pip install --quiet --editable '.[mutation]'
	$(BIN)/python benchmarks/mutation.py --n 600 --seed 1

clean:
	rm -rf $(VENV) demo-study mutants build dist .mypy_cache .ruff_cache .pytest_cache
