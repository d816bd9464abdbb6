# Two commands do it all: `make run` and `make test`. Both install what they need first, once.
.DEFAULT_GOAL := help
.PHONY: help install install-dev run test lint bench screenshots
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check
# Left to pytest or to the bench; for example `make test ARGS="-m slow"`.
ARGS ?=

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: install ## Run everything on http://127.0.0.1:8000 (PORT), until Ctrl-C
	@exec $(BIN)/python manage.py up

install: $(VENV)/.installed ## Make .venv with the pinned dependencies

install-dev: $(VENV)/.installed-dev

test: lint ## Check style, types and import contracts, then run the tests
	@echo "== Tests"
	@$(BIN)/python -m pytest -n auto --maxprocesses=4 --dist worksteal $(ARGS)

lint: install-dev ## Check style, types and import contracts
	@echo "== Style"
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@echo "== Types"
	@$(BIN)/mypy
	@echo "== Import contracts"
	@$(BIN)/lint-imports

bench: install-dev ## Measure: ARGS="SUBJECT [--case CASE ...]"; without ARGS every subject, quickly
	@$(BIN)/python -m bench $(ARGS)

screenshots: install-dev ## Make the pictures of the documentation, with a real browser
	@$(BIN)/python manage.py screenshots $(ARGS)

$(VENV)/.installed: requirements.txt
	@sh .ci/make_venv $(VENV)
	@echo "Installing the pinned dependencies into $(VENV), once: this takes some minutes and 3 GB of disk."
	@$(PIP) $$(test ! -e $@ || echo --quiet) -r requirements.txt || { echo "The dependencies were not installed: what pip says above needs \
	correcting (network? disk?), then run make again." >&2; exit 1; }
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	@echo "Installing the tools of the tests into $(VENV), once."
	@$(PIP) --quiet -r requirements-dev.txt || { echo "The tools of the tests were not installed: what pip says above \
	needs correcting (network? disk?), then run make again." >&2; exit 1; }
	@touch $@
