# Every target sets up what it needs first. All that must be there is make and Python 3.11 or newer.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

BIN := .venv/bin
STAMP := .venv/.set-up
WORKERS ?= auto
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --custom-compile-command "make lock"

# The first Python found that is new enough; said on the command line: make setup PYTHON=/path/to/python3
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3.14 python3 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; \
	done)

# Fetching a big package over a slow line takes longer than pip's default of 15 seconds allows.
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup run test check format demo fuzz bench bench-replay bench-segments bench-send bench-queue bench-memory bench-experiments faults schemas lock clean

help:  ## this list
	@awk -F ':.*##' '/^[a-z-]+:.*##/ { printf "  make %-16s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP)  ## the virtual environment .venv, from the hashed lock

$(STAMP): requirements-dev.txt pyproject.toml
	@if [ -z "$(PYTHON)" ]; then \
		echo "No Python 3.11 or newer was found. Install one, or name it: make setup PYTHON=/path/to/python3" >&2; \
		exit 3; \
	fi
	@if ! $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "$(PYTHON) cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv" >&2; \
		exit 3; \
	fi
	@echo "Setting up .venv with $$($(PYTHON) --version) ..."
	@[ -x $(BIN)/python ] && $(BIN)/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' \
		|| $(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

run: $(STAMP)  ## start the daemon with the shop in this folder
	@exec $(BIN)/lifecycle run

test: $(STAMP)  ## all tests, on SQLite and on a real PostgreSQL
	@$(BIN)/python -m pytest -n $(WORKERS)

check: $(STAMP)  ## linter, format, types, and the shop's own definitions
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lifecycle check

format: $(STAMP)  ## put the code into the one format
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format --quiet .

demo: $(STAMP)  ## real orders through the example shop on a virtual clock
	@$(BIN)/python -m demo

bench: $(STAMP)  ## measure, and write bench/results.json
	@$(BIN)/python -m bench

bench-replay: $(STAMP)  ## replay a year of 100,000 customers and 2,000,000 events: some hours
	@$(BIN)/python -m bench.replaying

bench-segments: $(STAMP)  ## measure segments on a shop of a million; ONLY="ticks builds" for parts
	@$(BIN)/python -m bench.segments $(if $(ONLY),--only $(ONLY))

bench-send: $(STAMP)  ## measure sending beside a plain loop and a stand-in SES
	@$(BIN)/python -m bench.sending

bench-queue: $(STAMP)  ## measure the queue on PostgreSQL beside procrastinate
	@$(BIN)/python -m bench.sending.queue_pg

bench-memory: $(STAMP)  ## measure what memory sending takes; LETTERS=1000000
	@$(BIN)/python -m bench.sending.memory $(if $(LETTERS),--letters $(LETTERS))

bench-experiments: $(STAMP)  ## measure what our statistics are worth; SCALE=0.05 for a quick look, ONLY="sequential"
	@$(BIN)/python -m bench.experiments $(ONLY) $(if $(SCALE),--scale $(SCALE))

fuzz: $(STAMP)  ## try every parser with what no one would write; SECONDS_EACH=600 for longer
	@$(BIN)/python -m fuzz --seconds $(or $(SECONDS_EACH),30)

faults: $(STAMP)  ## break the real daemon in every way, and write what came of it; ONLY="kills points"
	@$(BIN)/python -m faults $(ONLY) $(if $(SCALE),--scale $(SCALE))
	@$(BIN)/python -m faults --report

schemas: $(STAMP)  ## the JSON Schemas by which an editor completes the TOML files
	@$(BIN)/python -m lifecycle.catalog.schema

lock:  ## resolve the dependencies anew (needs uv)
	@$(LOCK) --output-file requirements.txt pyproject.toml requirements.in
	@$(LOCK) --output-file requirements-dev.txt --extra postgres pyproject.toml requirements-dev.in
	@$(LOCK) --output-file bench/requirements.txt bench/requirements.in

clean:  ## remove the virtual environment and the caches
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
