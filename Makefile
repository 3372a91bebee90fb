# Two commands matter: `make demo` and `make test`. Both set everything up first, and are fast
# the second time. The private Asterisk lives in the user's cache folder, Python in .venv.

SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/stasis_refer
export PATH := $(CACHE)/tools:$(PATH)

.PHONY: demo test setup lint types unit scenarios others bench faults fuzz dashboards previews clean

demo: setup ## one real call per situation, and what became of each transfer; KEEP=1 leaves the lab up
	@$(BIN)/stasis-refer demo $(if $(filter 1,$(KEEP)),--keep)

test: setup lint types unit ## everything, on a real Asterisk

lint: setup
	@echo "== ruff"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: setup
	@echo "== mypy"
	@$(BIN)/mypy

unit: setup
	@echo "== pytest: scenarios, which mostly wait, beside all else; each tells when it has ended"
	@$(MAKE) --jobs=2 --output-sync=target --no-print-directory scenarios others

scenarios:
	@$(BIN)/pytest -q tests/scenarios

others:
	@$(BIN)/pytest -q --ignore=tests/scenarios

bench: setup ## speed, side by side with Asterisk's bare dialplan
	@$(BIN)/python -m bench

faults: setup ## Asterisk, network, disk and clock fail under load, one after the other
	@$(BIN)/python -m faults

fuzz: .venv/fuzz ## each claim on a parser under libFuzzer; FUZZ_SECONDS=20 for each, FUZZ="uri sip"
	@$(BIN)/python -m fuzz --seconds $(or $(FUZZ_SECONDS),20) $(FUZZ)

.venv/fuzz: .venv/ready
	@echo "== atheris into .venv, for Python 3.11 to 3.13"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[fuzz]'
	@touch $@

dashboards: setup ## grafana/dashboards/*.json from the code; PAGE=URL names the page of your program
	@$(BIN)/python -m grafana $(PAGE)

previews: setup ## grafana/previews/*.png, from real transfers and a real Prometheus
	@scratch=$$(mktemp -d) && trap 'rm -rf "$$scratch"' EXIT && \
	    PREVIEWS=$$scratch $(BIN)/pytest -q -s tests/scenarios/test_dashboards.py && \
	    $(BIN)/python -m grafana.preview $$scratch/answers.json

setup: .venv/ready
	@asterisk/provision

.venv/ready: pyproject.toml tools/packages
	@tools/packages
	@echo "== Python packages into .venv"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,fast]'
	@touch $@

clean: ## forget the virtual environment; the private Asterisk stays in the cache
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis
