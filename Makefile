# The verbs. `make help` lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
TRAINER_VENV := .venv-trainer

-include tools/cluster.mk

.PHONY: help venv trainer-venv
help: ## list the verbs
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | expand -t 20

venv: $(VENV)/.made ## the environment for checks, tests and the command line

trainer-venv: $(TRAINER_VENV)/.made ## the environment with torch
