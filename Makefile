# Two commands are enough: `make run` and `make test`. `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := shared services deploy tests
PROFILE ?= single
# In the order of folders, so that the few long tests (chaos, e2e, integration) start first and the many short ones fill in.
PYTEST_ARGS ?= -n 2 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help test-fast run up down incident test test-all check rules format api-types infra-check accuracy last-visits arrivals bench bench-against load replay-check web lock clean install-check

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/run.stamp web ## One machine: every service, PostgreSQL and DuckDB in one process, with a demo shop
	@exec $(BIN)/python -m deploy.local

up: $(VENV)/dev.stamp web ## The emulated cloud: seven processes on Google's emulators (needs gcloud's, Java and Redis)
	@exec $(BIN)/python -m deploy.emulated

down: $(VENV)/dev.stamp ## End the emulated cloud
	@$(BIN)/python -m deploy.emulated down

incident: $(VENV)/run.stamp ## Let something go wrong in the running demo and follow it (WHAT=stock-out or broken-pixel)
	@$(BIN)/python -m deploy.local.incident $(WHAT)

test-fast: $(VENV)/dev.stamp ## The loop while writing: unit and architecture tests, under a minute on two cores
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile -m "not slow" tests/unit tests/architecture

test: $(VENV)/dev.stamp web ## All tests
	$(BIN)/python -m pytest $(PYTEST_ARGS)
	@PYTHON=$(CURDIR)/$(BIN)/python sh services/gateway/web/build.sh test

test-all: export PULSEPOINT_AT_LENGTH = 1
test-all: test check infra-check install-check arrivals ## All there is: tests at length, checks, each service installed alone, fifty orders of arrival, a file replayed (FILE=…)
	$(if $(FILE),$(MAKE) replay-check FILE=$(FILE),@echo "No transactions file replayed: name one with FILE=…")

check: $(VENV)/dev.stamp ## Format, lint, types and imports, of Python and of the page; changes nothing
	$(BIN)/ruff format --check $(PACKAGES)
	$(BIN)/ruff check $(PACKAGES)
	$(BIN)/mypy $(PACKAGES)
	$(BIN)/lint-imports
	$(BIN)/python -m deploy.release.openapi --check
	@PYTHON=$(CURDIR)/$(BIN)/python sh services/gateway/web/build.sh check

rules: $(VENV)/dev.stamp ## Print every domain rule of docs/rules.md with the tests that show it
	@$(BIN)/python -m tests.rules

infra-check: $(VENV)/dev.stamp ## Terraform: format, checkov, and arguments where the provider's schema is at hand
	@sh infra/check.sh $(CURDIR)/$(BIN)/python

format: $(VENV)/dev.stamp ## Format and fix what can be fixed
	$(BIN)/ruff format $(PACKAGES)
	$(BIN)/ruff check --fix $(PACKAGES)
	@PYTHON=$(CURDIR)/$(BIN)/python sh services/gateway/web/build.sh format

api-types: $(VENV)/dev.stamp ## Write the API's document and the page's types anew, after a change of the API
	$(BIN)/python -m deploy.release.openapi
	@PYTHON=$(CURDIR)/$(BIN)/python sh services/gateway/web/build.sh types

bench: $(VENV)/dev.stamp ## Benchmarks: ratios against peers measured in the same run, to build/bench.json
	$(BIN)/python -m tests.load.bench $(BENCH_ARGS)

bench-against: $(VENV)/dev.stamp ## CPU an order and a dashboard beside a commit's, in interleaved pairs (REV=…, AGAINST_ARGS="--pairs 7")
	$(BIN)/python -m tests.load.against $(REV) $(AGAINST_ARGS)

accuracy: $(VENV)/dev.stamp ## Alerts on worlds with drawn seeds: precision and recall with intervals (ACCURACY_ARGS="--worlds 22")
	$(BIN)/python -m tests.accuracy $(ACCURACY_ARGS)

last-visits: $(VENV)/dev.stamp ## Last touches beside the sandbox's own last visits, differences by reason (VISITS_ARGS="--seed 7 --world calm")
	$(BIN)/python -m tests.accuracy.last_visits $(VISITS_ARGS)

arrivals: $(VENV)/dev.stamp ## A real month and a sandbox world in fifty orders of arrival: the same figures (ARRIVALS_ARGS="--orders 5")
	$(BIN)/python -m tests.arrival $(ARRIVALS_ARGS)

load: $(VENV)/dev.stamp ## A thousand users, then a burst (PROFILE=…, LOAD_ARGS="--seconds 60"); all accepted orders must be counted
	$(BIN)/python -m tests.load.instance_load --profile $(PROFILE) $(LOAD_ARGS)

replay-check: $(VENV)/dev.stamp ## Replay a whole transactions file (FILE=…, PROFILE=single or emulated) and compare every month with the oracle
	$(BIN)/python -m deploy.cli.replay_check $(FILE) --profile $(PROFILE) $(REPLAY_ARGS)

web: $(VENV)/bin/python ## Build the page, when its sources are newer than it
	@PYTHON=$(CURDIR)/$(BIN)/python sh services/gateway/web/build.sh

install-check: $(VENV)/dev.stamp web ## Install each of the seven services by itself, start it and ask whether it is ready
	PULSEPOINT_INSTALL=all $(BIN)/python -m pytest tests/architecture/test_packaging_install.py

lock: $(VENV)/dev.stamp ## Compile the lock files anew (needs uv)
	sh deploy/release/lock.sh

clean: ## Remove what was installed and built, never your data in ./var
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Pulsepoint needs Python 3.11 or newer: make run PYTHON=python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing what Pulsepoint needs into $(VENV) (once, a minute or so)"
	$(BIN)/pip install --disable-pip-version-check --quiet --progress-bar on --no-deps --require-hashes -r requirements.lock
	$(BIN)/pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock $(VENV)/run.stamp
	@echo "Installing what the tests need"
	$(BIN)/pip install --disable-pip-version-check --quiet --progress-bar on --no-deps --require-hashes -r requirements-dev.lock
	@touch $@
