# From a checkout to a running service: `make` alone lists the verbs.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
# Wheels only and each against its hash: nothing is built, nothing unknown runs.
INSTALL := $(BIN)/python -m pip --quiet --no-input --disable-pip-version-check install \
	--only-binary :all: --require-hashes --requirement

.PHONY: help setup demo serve test check format acceptance fuzz soak training pins clean

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

setup: $(VENV)/.service ## make .venv with the command .venv/bin/mien
	@echo "ready: $(BIN)/mien"

demo: $(VENV)/.demo ## start the service with a drawn demo source; Ctrl-C stops it
	@exec $(BIN)/mien serve --demo

serve: $(VENV)/.service ## start the service; Ctrl-C stops it
	@exec $(BIN)/mien serve

test: $(VENV)/.dev ## run all tests, after setting up what they need
	@deploy/setup/system.sh $(VENV)
	@deploy/setup/torch.sh $(VENV)
	@$(BIN)/python -m pytest -ra --numprocesses 2 --dist loadfile

check: $(VENV)/.dev ## lint, format and types, without changing a file
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/biome check --error-on-warnings api/dashboard biome.jsonc
	@deploy/setup/torch.sh $(VENV)
	@if $(BIN)/python -c 'import torch' 2>/dev/null; then $(BIN)/mypy; else \
		echo "left out: the types of training/, which rest on torch"; \
		$(BIN)/mypy --exclude '^tests/training/' ingest engine api deploy tests; fi

format: $(VENV)/.dev ## put the code into the formatter's shape
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format
	@$(BIN)/biome check --write api/dashboard biome.jsonc

acceptance: $(VENV)/.dev ## measure the figures the project promises, each against its bar
	@deploy/setup/system.sh $(VENV)
	@$(BIN)/python -m tests.acceptance

fuzz: $(VENV)/.dev ## read 1,000 mutated clips, and check what `mien run` promises
	@$(BIN)/python -m tests.fuzz

soak: $(VENV)/.dev ## run the service under faults for an hour, and check that nothing is lost
	@deploy/setup/system.sh $(VENV)
	@$(BIN)/python -m tests.soak

training: $(VENV)/.dev ## set up what training/ needs: the CPU build of torch
	@deploy/setup/torch.sh $(VENV)

pins: $(VENV)/.dev ## resolve pyproject.toml anew into requirements/
	@deploy/setup/pins.sh $(BIN)/uv

clean: ## remove .venv and what the tools left; data/ stays
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache

$(BIN)/python:
	@deploy/setup/venv.sh $(VENV)

$(VENV)/.service: requirements/service.txt pyproject.toml | $(BIN)/python
	@echo "installing the service into $(VENV)"
	@$(INSTALL) $<
	@$(BIN)/python -m pip --quiet --disable-pip-version-check install --no-deps --no-index --no-build-isolation --editable .
	@touch $@

$(VENV)/.demo: requirements/demo.txt $(VENV)/.service
	@echo "installing the demo's portraits"
	@$(INSTALL) $<
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.service
	@echo "installing what tests and checks need"
	@$(INSTALL) $<
	@touch $@
