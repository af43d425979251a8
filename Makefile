# One place for the verbs of the project: `make help` lists them.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3.11
BIN := .venv/bin
SCALE ?= 1
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-long superset lint audit lock clean

help: ## list the verbs
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.installed ## create .venv and install the locked dependencies

.venv/.installed: requirements.lock pyproject.toml
	@echo "Setting up .venv from requirements.lock (about a minute the first time) ..."
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed: install it, or run make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup ## write an invented company's exports, run the night on them, print the scorecard
	@$(BIN)/warehouse demo --scale $(SCALE)

test: setup ## run the whole test suite
	@$(BIN)/python -m pytest

test-long: setup ## run the suites in their full form: kills, soaks, mutants, fuzzing
	@$(BIN)/python -m pytest --long

superset: ## Apache Superset with the dashboard of the KPIs, on this machine (docs/connect.md)
	@PYTHON=$(PYTHON) bi/superset/run

lint: setup ## ruff, sqlfluff and mypy
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/sqlfluff lint --processes 2 models tests/data analyses

COMPILE = $(BIN)/uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-header --no-annotate --no-strip-extras
audit: setup ## the locked dependencies: known vulnerabilities, hashes, licences
	@$(BIN)/python .ci/audit.py

lock: setup ## renew the locks: the project's, Superset's, and that of the clients in the tests
	@$(COMPILE) --extra dev --extra postgres pyproject.toml --output-file requirements.lock
	@for room in bi/superset tests/connect/clients; do $(COMPILE) $$room/requirements.in --output-file $$room/requirements.lock; done
	@cd tests/connect/clients && { ! command -v npm >/dev/null || npm install --package-lock-only --no-audit --no-fund --silent; }

clean: ## remove the virtual environment and caches (never the data in var/)
	@rm -rf .venv bi/superset/.venv .pytest_cache .ruff_cache .mypy_cache target logs
