# Every target makes .venv first where it is missing or older than the locks (see scripts/setup.sh).
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# Nothing here needs the internet beyond the package registry. A model from a hub is asked for by
# name: HF_HUB_OFFLINE=0 make train
RASA_TELEMETRY_ENABLED ?= false
HF_HUB_OFFLINE ?= 1
TF_CPP_MIN_LOG_LEVEL ?= 2
export RASA_TELEMETRY_ENABLED HF_HUB_OFFLINE TF_CPP_MIN_LOG_LEVEL

PYTHON := .venv/bin/python
ARGS ?=

.PHONY: help run train test lint format bench chaos edge handoffs channel-table lock clean setup setup-dev

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-16s %s\n", $$1, $$2}'

setup:
	@scripts/setup.sh run

setup-dev:
	@scripts/setup.sh dev

run: setup ## train where no model fits the data, and start everything on http://127.0.0.1:8000
	@exec .venv/bin/flerkanal up $(ARGS)

train: setup ## train the model from config.yml, domain.yml and data/
	@exec .venv/bin/flerkanal train $(ARGS)

test: setup-dev ## run every test; ARGS="tests/unit -k name" picks some
	@$(PYTHON) -m pytest $(ARGS)

lint: setup-dev ## ruff, mypy --strict and the import layers
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy
	@.venv/bin/lint-imports --no-logo

format: setup-dev ## let ruff mend and format what it can
	@$(PYTHON) -m ruff check --fix .
	@$(PYTHON) -m ruff format .

bench: setup-dev ## side by side with stock Rasa; figures in bench/results
	@$(PYTHON) -m bench $(ARGS)

chaos: setup-dev ## whole conversations while processes are killed and platforms fail, and an audit
	@$(PYTHON) -m pytest -m chaos -q
	@$(PYTHON) -m bench.chaos $(ARGS)
	@$(PYTHON) -m bench.channels_chaos

edge: setup-dev ## how soon the platforms' webhooks are answered while workers stand still or are busy
	@$(PYTHON) -m bench.edge $(ARGS)

handoffs: setup-dev ## 500 customers want a person at once: nobody lost, nobody had twice, and how soon agents see what they write
	@$(PYTHON) -m bench.handoffs $(ARGS)

channel-table: setup-dev ## write the table of docs/channels.md anew, from conversations over all channels
	@WRITE_DOCS=1 $(PYTHON) -m pytest tests/conversations/test_across_channels.py $(ARGS)

lock: setup-dev ## re-make the locks after a change of pyproject.toml; UPGRADE=1 takes the newest
	@scripts/lock.sh

clean: ## remove what tools and tests leave; keeps .venv, models and var
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .rasa results build *.egg-info
	find . -name __pycache__ -type d -not -path './.venv/*' -not -path './.uv/*' -prune -exec rm -rf {} +
