# `make demo` and `make test` are all a newcomer needs; each sets up .venv first and skips what is there.
.DELETE_ON_ERROR:
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready-$(shell cat pyproject.toml constraints.txt infra/setup.sh | sha256sum | cut -c1-16)

.PHONY: demo test check format setup clean

demo: setup  ## set up, make a sample hospital and run one weekly round on it
	$(BIN)/rounds demo

test: setup  ## set up and pass the tests
	@started=$$SECONDS; $(BIN)/pytest --cov --cov-report=term; code=$$?; \
	echo "tests took $$((SECONDS - started)) s"; exit $$code

check: setup  ## what pre-commit and CI hold: format, lint, types, tests
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(MAKE) --no-print-directory test

format: setup
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

setup: $(READY)

$(READY):
	@PYTHON="$(PYTHON)" infra/setup.sh
	@rm -f .venv/.ready-* && touch $@

clean:  ## removes the environment, not .rounds, which holds your data and models
	rm -rf .venv
