# Every target makes what it needs first: .venv, and a private uv where the machine has none (see scripts/set-up).
# PYTHON names the interpreter (3.11 or newer); WORKERS how many tests run at once; COVERAGE=1 makes `test` measure.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

WORKERS ?= auto
BIN := .venv/bin
READY := .venv/.ready
PYTEST := -m pytest -n $(WORKERS)

export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1
export PYRIGHT_PYTHON_USE_BUNDLED_PYRIGHT := 1
ifdef PYTHON
export PYTHON
endif

.PHONY: help demo test check serve coverage chaos babble bench format clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

$(READY): pyproject.toml uv.lock scripts/set-up
	@scripts/set-up

demo: $(READY) ## Ask an agent about this very repository
	@$(BIN)/python examples/demo.py

serve: $(READY) ## Start a server on this machine; ARGS adds options
	@$(BIN)/robocoders serve $(ARGS)

test: $(READY) ## Run the tests and say what was skipped and why
ifdef COVERAGE
	@rm -f .coverage .coverage.*
	@$(BIN)/python -m coverage run $(PYTEST)
else
	@$(BIN)/python $(PYTEST)
endif

check: $(READY) ## Lint, formatting, types, layers, structure; warnings are errors
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/pyright --warnings
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python $(PYTEST) -q tests/structure

coverage: $(READY) ## Measure: wire/ 100 % by its own tests, the whole 95 %
	@scripts/coverage

chaos: $(READY) ## Kill a server again and again under load and judge what was seen; ARGS adds options
	@$(BIN)/python -m tests.chaos $(ARGS)

babble: $(READY) ## Let a model of random weights babble at the agents, from somebody else's server
	@$(BIN)/python -m tests.babble $(ARGS)

bench: $(READY) ## Measure long logs, many followers, sealed commands and the search of ten thousand files
	@$(BIN)/python -m bench.long_log
	@$(BIN)/python -m bench.many_followers
	@$(BIN)/python -m bench.command_overhead
	@$(BIN)/python -m bench.search_scale

format: $(READY) ## Put the sources into the house's form
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format --quiet .

clean: ## Remove everything that is made here, .venv and .tools included
	rm -rf .venv .tools build dist htmlcov .coverage .coverage.* .coverage_of_wire* .hypothesis .pytest_cache .ruff_cache .import_linter_cache
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
