# The verbs. `make help` lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
TRAINER_VENV := .venv-trainer

export PYTHONPATH := $(CURDIR)/tools

-include tools/cluster.mk tools/crds.mk tools/trainer.mk tools/scorer.mk tools/charts.mk tools/bench.mk

.PHONY: help venv trainer-venv
help: ## list the verbs
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | expand -t 20

venv: $(VENV)/.made ## the environment for checks, tests and the command line

trainer-venv: $(TRAINER_VENV)/.made ## the environment with torch

# uv installs the rest; it is itself pinned and checked by hash.
UV := $(VENV)/bin/uv

$(UV): requirements/uv.txt
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is missing: install Python 3.11 or newer, or set PYTHON=<path>"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=<path>"; exit 1; }
	@[ -x $(VENV)/bin/python ] || { echo "making $(VENV)"; $(PYTHON) -m venv $(VENV); }
	@$(VENV)/bin/python -m pip --version >/dev/null 2>&1 || $(VENV)/bin/python -m ensurepip >/dev/null
	@$(VENV)/bin/python -m pip install --quiet --require-hashes -r requirements/uv.txt

$(VENV)/.made: $(UV) requirements/dev.txt $(wildcard */pyproject.toml images/*/pyproject.toml)
	@echo "installing the development environment into $(VENV)"
	@$(UV) pip sync --quiet --python $(VENV)/bin/python --require-hashes requirements/dev.txt requirements/uv.txt
	@$(UV) pip install --quiet --python $(VENV)/bin/python --no-deps -e contracts -e transforms -e operator -e gateway -e agent -e cli -e images/snapshot -e images/candidates
	@touch $@

$(TRAINER_VENV)/.made: $(UV) requirements/trainer-dev.txt images/trainer/pyproject.toml
	@echo "installing the trainer's environment into $(TRAINER_VENV) (torch: about 3 GB to fetch the first time)"
	@[ -x $(TRAINER_VENV)/bin/python ] || $(PYTHON) -m venv --without-pip $(TRAINER_VENV)
	@$(UV) pip sync --quiet --python $(TRAINER_VENV)/bin/python --require-hashes requirements/trainer-dev.txt
	@$(UV) pip install --quiet --python $(TRAINER_VENV)/bin/python --no-deps -e contracts -e transforms -e images/snapshot -e images/candidates -e images/trainer
	@touch $@

.PHONY: requirements
requirements: $(UV) ## compile the pinned requirements (UPGRADE=1 takes newer versions)
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" requirements/compile.sh $(if $(UPGRADE),--upgrade)

OUR_PYTHON := contracts transforms operator gateway agent cli images tools tests benchmarks examples

.PHONY: check check-python check-files
check: check-python check-files ## the fast checks: lint, types, import rules, charts, generated files

check-python: venv
	$(VENV)/bin/ruff check $(OUR_PYTHON)
	$(VENV)/bin/ruff format --check $(OUR_PYTHON)
	$(VENV)/bin/mypy contracts/src transforms/src operator/src gateway/src agent/src cli/src images/snapshot/src images/candidates/src images/trainer/src tools
	PYTHONPATH=images/trainer/src $(VENV)/bin/lint-imports
	$(PYTEST) tests --collect-only -q $(addprefix --ignore=,$(TRAINER_TESTS)) | tail -n 5 # every test's imports are there

check-files: venv binaries
	$(VENV)/bin/python -m capforge_tools.housekeeping

PYTEST := $(VENV)/bin/python -m pytest
SECOND_TRIES ?= 3 ## tests of real processes that may fail once and pass when tried again, each shown; 0: none (ADR 0199)
TRY_AGAIN = $(if $(filter-out 0,$(SECOND_TRIES)),--reruns 1 --max-suite-reruns $(strip $(SECOND_TRIES)) --rerun-show-tracebacks)
TRAINER_TESTS := tests/unit/trainer tests/integration/trainer tests/integration/easyocr

.PHONY: test test-unit test-integration test-trainer e2e
test: check test-unit test-trainer test-integration e2e ## everything: checks, unit, integration and end-to-end tests

test-unit: venv ## pure logic
	$(PYTEST) tests/unit -n 2 $(addprefix --ignore=,$(TRAINER_TESTS))

test-trainer: trainer-venv ## the trainer and EasyOCR, with torch
	OMP_NUM_THREADS=1 $(TRAINER_VENV)/bin/python -m pytest $(wildcard $(TRAINER_TESTS)) -n 2 --dist loadfile

test-integration: venv trainer-venv binaries ## real API server, object store and Triton on loopback
	$(PYTEST) tests/integration $(addprefix --ignore=,$(TRAINER_TESTS)) -n 2 --dist loadfile $(TRY_AGAIN)

e2e: venv cluster-up images ## user stories on a whole cluster
	$(PYTEST) -s tests/e2e $(TRY_AGAIN)
