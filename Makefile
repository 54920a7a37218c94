# `make demo` and `make test` are the two commands; the rest serves them. All but `lock` and the two of packages work
# offline once `make setup` has run.
PYTHON ?= python3
UV ?= uv
SCENARIO ?= success
WORKERS ?= 4
ROUNDS ?= 50
SEED ?= 0
EXAMPLES ?= 500

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
REAL := openssh-server frr bird2 openvswitch-switch netconfd netconfd-module-ietf-interfaces iproute2 procps
CODE := worker workflows activities starter tests
LOCK := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1
# The tests start some hundred processes, and each would compile all of ours anew; and in a new clone each process of
# `make test` would compile all tests, which one does before.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo test chaos model check reference bench clean distclean lock system-packages test-packages python-version

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## create the environment in .venv, nothing else

$(STAMP): requirements.lock pyproject.toml
	@$(MAKE) --no-print-directory python-version
	@echo "Making the environment in $(VENV); the first time takes a minute or two."
	$(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes --requirement requirements.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

python-version:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "netsaga needs Python 3.11 or newer, and there is no '$(PYTHON)' on the PATH." >&2; \
	  echo "Install one ('sudo make system-packages' on Debian 12 and newer), or name one: make setup PYTHON=/path/to/python3.12" >&2; \
	  exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "netsaga needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) -V 2>&1)." >&2; \
	  echo "Name a newer one: make setup PYTHON=python3.12" >&2; \
	  exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "'$(PYTHON)' lacks the modules venv and ensurepip, which make the environment." >&2; \
	  echo "On Debian and Ubuntu they are a package of their own: 'sudo make system-packages'." >&2; \
	  exit 1; }

demo: $(STAMP) ## a VLAN on 24 simulated devices (SCENARIO=success, failure or crash)
	$(BIN)/netsaga demo --scenario $(SCENARIO)

test: $(STAMP) ## all tests, and the coverage of workflows/ (WORKERS=4 processes)
	$(BIN)/coverage erase
	$(BIN)/python -m compileall -q $(filter-out tests,$(CODE))
	@test -d tests/__pycache__ || $(BIN)/pytest --collect-only -qq tests >/dev/null || true
	$(BIN)/pytest -n $(WORKERS) --dist loadfile --durations 15 --cov --cov-report= tests
	$(BIN)/coverage report --include='workflows/*' --skip-covered --show-missing --fail-under=95

chaos: $(STAMP) ## kill and freeze processes at random moments (ROUNDS=50, SEED=0 draws one)
	$(BIN)/pytest -s -o timeout=0 --chaos-rounds $(ROUNDS) --chaos-seed $(SEED) tests/chaos/test_rounds.py

model: $(STAMP) ## random plans and failures against a model of devices (EXAMPLES=500, SEED=0 draws one)
	$(BIN)/pytest -s -o timeout=0 --model-examples $(EXAMPLES) --model-seed $(SEED) tests/workflows/model

check: $(STAMP) ## lint, format, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(CODE)
	$(BIN)/pyright
	$(BIN)/lint-imports

reference: $(STAMP) ## rewrite the language reference and the JSON Schema from the models
	$(BIN)/python -m starter.reference
	$(BIN)/python -m activities.deviceinteraction.proofs

bench: $(STAMP) ## measure, print a table, write .bench/latest.json
	PYTHONPATH=tests/support $(BIN)/python tests/bench/bench.py

clean: ## remove what was built or recorded; the environment stays
	rm -rf .netsaga .bench .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage .coverage.* \
	  build dist *.egg-info
	find . -path ./$(VENV) -prune -o -type d -name __pycache__ -exec rm -rf {} +

distclean: clean ## remove the environment too
	rm -rf $(VENV)

lock: ## resolve both lock files anew from pyproject.toml (needs uv and the network)
	$(UV) pip compile $(LOCK) --group dev pyproject.toml --output-file requirements.lock
	$(UV) pip compile $(LOCK) --constraint requirements.lock pyproject.toml --output-file deploy/requirements.lock

system-packages: ## what Debian and Ubuntu must have (as root, needs the network)
	apt-get update
	DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends make python3 python3-venv

test-packages: ## the real routers and switches of tests/real (as root, needs the network; Debian may start them)
	apt-get update
	DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends $(REAL)
