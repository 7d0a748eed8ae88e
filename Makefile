# Everything a developer does. `make help` lists it.

PYTHON ?= python3
PORT ?= 8787
STACK ?= ownkey

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
BUILD_VENV := .venv-build
BUILD_BIN := $(BUILD_VENV)/bin
BUILD_READY := $(BUILD_VENV)/.ready
CATALOG_VENV := .venv-catalog
CATALOG_READY := $(CATALOG_VENV)/.ready

SOURCES := layers/gateway/ownkey functions local tests benchmarks scripts
PYTHON_FOLDERS := $(foreach folder,$(SOURCES),$(if $(shell find $(folder) -name '*.py' 2>/dev/null | head -1),$(folder)))

export PYTHONPATH := layers/gateway
export PORT
# The template tools want a region, and tell their maker about every call unless asked not to.
export AWS_DEFAULT_REGION ?= us-east-1
export SAM_CLI_TELEMETRY := 0

.DEFAULT_GOAL := help
.PHONY: help run test unit bench screenshots fmt fmt-check lint types arch cov ci build reproducible validate event deploy lock catalog clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

run: $(READY) ## Serve the whole system on this machine (PORT, OWNKEY_UPSTREAMS, OWNKEY_STATE_DIR)
	@exec $(BIN)/python -m local

test: $(READY) ## Run every test
	@$(BIN)/python -m pytest

unit: $(READY) ## Run the unit tests, side by side
	@$(BIN)/python -m pytest -q -n auto tests/unit

bench: $(READY) ## Measure cold start, latency and AWS calls, as ratios in one run
	@$(BIN)/python -m benchmarks.cold_start --handler ChatFunction functions/chat app.lambda_handler \
		--handler ModelsFunction functions/models app.lambda_handler \
		--handler WebSearchFunction functions/web_search app.lambda_handler
	@$(BIN)/python -m benchmarks.latency

screenshots: $(READY) ## Take the pictures of the console in docs/images, with the Chromium of this machine
	@$(BIN)/python scripts/screenshots.py

fmt: $(READY) ## Format the code and sort its imports
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --select I --fix .

fmt-check: $(READY)
	@$(BIN)/ruff format --check .

lint: $(READY) ## Look for mistakes in the code
	@$(BIN)/ruff check .

types: $(READY) ## Check the types
	@$(BIN)/mypy $(PYTHON_FOLDERS)

arch: $(READY) ## Check which module may import which
	@$(BIN)/lint-imports --no-cache

cov: $(READY) ## Run every test and measure what they reach
	@$(BIN)/python -m pytest -q -n auto --cov --cov-report= tests/unit
	@$(BIN)/python -m pytest --ignore tests/unit --cov --cov-append --cov-report=term --cov-fail-under=95

build: $(READY) $(BUILD_READY) ## Build the functions and layers for Lambda into .aws-sam
	@$(BUILD_BIN)/sam build

reproducible: $(READY) ## Build everything twice and compare
	@$(BIN)/python scripts/check_reproducible.py

validate: $(BUILD_READY) ## Check the template
	@$(BUILD_BIN)/sam validate --lint
	@$(BUILD_BIN)/cfn-lint template.yaml

event: $(READY) ## Run one sample event: make event E=chat/hello
	@$(BIN)/python -m local.event "$(E)"

deploy: build ## Deploy to the AWS account of your credentials (STACK)
	@$(BUILD_BIN)/sam deploy $(if $(wildcard samconfig.toml),,--guided) --stack-name "$(STACK)" --capabilities CAPABILITY_IAM

ci: fmt-check lint types arch cov build reproducible validate ## All that must hold before a change is merged

lock: $(READY) ## Choose the newest dependencies that are a week old, and write their hashes
	@$(BIN)/python scripts/lock.py

catalog: $(CATALOG_READY) ## Generate the catalog of models and prices from the locked data packages
	@$(CATALOG_VENV)/bin/python scripts/catalog.py

clean: ## Remove what was built and installed; stored data stays
	@rm -rf $(VENV) $(BUILD_VENV) $(CATALOG_VENV) .aws-sam .coverage .mypy_cache .ruff_cache .hypothesis

$(READY): requirements/dev.txt requirements/uv.txt requirements/prices.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "OwnKey needs Python 3.11 or newer; set PYTHON to one, as in: make run PYTHON=python3.12" >&2; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv --clear $(VENV) || \
		{ echo "Python cannot make virtual environments; install its venv package (python3-venv)" >&2; exit 1; }
	@echo "Setting up $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.txt requirements/uv.txt \
		requirements/prices.txt
	@printf '%s\n' '#!$(CURDIR)/$(BIN)/python' 'import sys' 'sys.path.insert(0, "$(CURDIR)/layers/gateway")' \
		'from ownkey.admin import main' 'sys.exit(main())' > $(BIN)/ownkey-admin && chmod +x $(BIN)/ownkey-admin
	@touch $@

$(BUILD_READY): requirements/build.txt | $(READY)
	@echo "Setting up $(BUILD_VENV) …"
	@test -x $(BUILD_BIN)/python || $(BIN)/python -m venv --clear $(BUILD_VENV)
	@$(BIN)/uv pip sync --quiet --python $(BUILD_BIN)/python --require-hashes requirements/build.txt
	@touch $@

$(CATALOG_READY): requirements/catalog.txt | $(READY)
	@echo "Setting up $(CATALOG_VENV) …"
	@test -x $(CATALOG_VENV)/bin/python || $(BIN)/python -m venv --clear $(CATALOG_VENV)
	@$(BIN)/uv pip sync --quiet --python $(CATALOG_VENV)/bin/python --require-hashes requirements/catalog.txt
	@touch $@
