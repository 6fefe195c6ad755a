# Redress: make setup, make test, make run. Needs python3 >= 3.11 with venv, git and make; all else is installed into .venv.
PYTHON ?= python3
BIN    := .venv/bin
STAMP  := .venv/.redress-setup

# An older make must stop at the first failing line of a recipe too.
SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

.PHONY: help setup test lint format unit run bench soak clean
.DEFAULT_GOAL := help

help:
	@echo "make setup   the virtual environment, as the two requirement lists pin it"
	@echo "make test    lint, types and every test"
	@echo "make unit    only the tests that start nothing"
	@echo "make run     the deployed template on this machine; Ctrl-C stops it and keeps its state"
	@echo "make bench   the figures; make soak: the long runs"
	@echo "make clean   what was built or cached; not .venv, nor the local engine's state"

setup: $(STAMP)

# Made again whenever a list changes; the last line is the stamp, so a broken setup is tried again.
$(STAMP): requirements.txt requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "redress needs Python 3.11 or newer, this is " + sys.version.split()[0])'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy

format: setup
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format .

test: lint
	$(BIN)/python -m pytest -q -n 2 --dist loadgroup

unit: setup
	$(BIN)/python -m pytest -q tests/unit tests/properties tests/contract

run: setup
	@exec $(BIN)/redress up

bench: setup
	$(BIN)/python -m pytest -q -s -m bench -o python_files="bench_*.py" tests/bench
	$(BIN)/python -m tests.bench.page

soak: setup
	$(BIN)/python -m pytest -q -s -m soak tests

clean:
	rm -rf .redress/package .chalice/deployments .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist *.egg-info
	find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
