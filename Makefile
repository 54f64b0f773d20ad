# The five commands of this product; each builds what it needs.
.DEFAULT_GOAL := help
PYTHON ?= python3
# The one tool that builds the rest: a known version, as everything in uv.lock is.
UV_VERSION := 0.13.9
UV := .uv/bin/uv
UV_STAMP := .uv/.uv-$(UV_VERSION)
STAMP := .venv/.ready

# Compiled once, not by every process that the tests start.
unexport PYTHONDONTWRITEBYTECODE
export UV_COMPILE_BYTECODE = 1

.PHONY: help setup demo test test-long quick up format lint check
help:
	@echo "make demo   one whole review round of real size, then its summary"
	@echo "make test   the whole test suite"
	@echo "make up     the system on ./data (or VINHDANH_DATA)"
	@echo "make quick  the tests without engine, browser, subprocess and the slowest ones, on SQLite"
	@echo "make test-long  every test on both databases, large budgets for the property tests"
	@echo "make format imports and form, by ruff"
	@echo "make check  what CI runs: lint, types, import contracts, migrations, tests"

$(UV_STAMP):
	@[ "$$($(UV) --version 2>/dev/null | cut -d ' ' -f 2)" = "$(UV_VERSION)" ] || { \
	  $(PYTHON) -m venv .uv && \
	  .uv/bin/pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"; }
	@touch $@

$(STAMP): $(UV_STAMP) pyproject.toml uv.lock
	$(UV) sync --frozen --all-extras --python $(PYTHON)
	@touch $(STAMP)

setup: $(STAMP)

demo: setup
	.venv/bin/vinhdanh demo --exit

test: setup
	.venv/bin/python -m pytest

quick: setup
	QUICK=1 .venv/bin/python -m pytest -m "not engine and not machine and not browser and not process"

test-long: setup
	TEST_LONG=1 .venv/bin/python -m pytest

up: setup
	.venv/bin/vinhdanh up

format: setup
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

lint: setup
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/deptry .
	.venv/bin/python -m models.migrations.check

check: lint
	.venv/bin/python -m pytest
