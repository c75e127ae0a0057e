# Every target needs python3 (3.11 or newer), make and git, and nothing else.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/python -m uv
export UV_PYTHON_DOWNLOADS := never
export UV_NO_PROGRESS := 1

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

.venv/setup: requirements-setup.lock
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "stargazer needs Python 3.11 or newer; set PYTHON=/path/to/python3")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-setup.lock
	@touch $@

.venv/runtime: .venv/setup requirements.lock pyproject.toml
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

.venv/develop: .venv/runtime requirements-dev.lock
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements-dev.lock
	@touch $@

.PHONY: setup
setup: .venv/runtime ## install stargazer into .venv (.venv/bin/stargazer)

.PHONY: demo
demo: setup ## the main job: neighbours of rails/rails in the sandbox
	@$(BIN)/stargazer neighbours rails/rails --sandbox --no-store

.PHONY: serve
serve: setup ## the HTTP service on a simulated GitHub: prints its URL, a key and an example
	@$(BIN)/stargazer serve --sandbox

.PHONY: test
test: .venv/develop ## run every test
	@$(BIN)/python -m pytest -n auto

.PHONY: check
check: .venv/develop ## run every linter and type checker
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports
	@$(BIN)/ty check src
	@$(BIN)/mypy

.PHONY: format
format: .venv/develop ## format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

.PHONY: schema
schema: .venv/develop ## try the API with 5,000 requests that its document allows, or does not
	@STARGAZER_SCHEMA_CASES=5000 $(BIN)/python -m pytest tests/api/test_schema.py

.PHONY: bench
bench: .venv/develop ## measure the plan against other ways (writes docs/reference/benchmarks.md)
	@$(BIN)/python -m tests.bench

.PHONY: bench-api
bench-api: .venv/develop ## measure the HTTP service (writes docs/reference/benchmarks-api.md)
	@$(BIN)/python -m tests.bench.api

.PHONY: bench-estimate
bench-estimate: .venv/develop ## measure estimates against the truth (writes docs/reference/estimates.md)
	@$(BIN)/python -m tests.bench.estimate

.PHONY: bench-inverted
bench-inverted: .venv/develop ## measure answers from the store (writes docs/reference/benchmarks-inverted.md)
	@$(BIN)/python -m tests.bench.inverted

.PHONY: lock
lock: .venv/setup ## resolve the requirements anew
	@$(UV) pip compile requirements-setup.in $(LOCK) -o requirements-setup.lock
	@$(UV) pip compile pyproject.toml --extra embedded $(LOCK) -o requirements.lock
	@$(UV) pip compile pyproject.toml --extra embedded --group dev $(LOCK) -o requirements-dev.lock
LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade
