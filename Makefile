# Two commands matter: `make demo` and `make test`. Both set everything up first, and are fast
# the second time. The private Asterisk lives in the user's cache folder, Python in .venv.

SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/stasis_refer
export PATH := $(CACHE)/tools:$(PATH)

.PHONY: demo test setup lint types unit bench clean

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
	@echo "== pytest"
	@$(BIN)/pytest -q

bench: setup ## speed, side by side with Asterisk's bare dialplan
	@$(BIN)/python -m bench

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
