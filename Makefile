# Everything a newcomer or CI runs. `make demo` and `make test` set themselves up.

PYTHON ?= python3
BIN := .venv/bin

MODELS := .venv-models/bin
# torch's threads wait asleep and its memory is kept: without this the tests take six times as long
MODELS_ENV := OMP_WAIT_POLICY=PASSIVE MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=4294967296

PYTEST := $(BIN)/pytest
# the tests use both cores; a test that needs the machine to itself is marked `slow`
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo test test-models test-scale soak quick check format lint types imports docs docs-check clean

help: ## list what can be made
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

# Two stamps, so that `make demo` installs no test tools and repeats cost nothing.
.venv/base: pyproject.toml constraints.txt
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv || \
		{ rm -rf .venv; echo "make: $(PYTHON) cannot make a venv (Debian: apt-get install python3-venv)" >&2; exit 1; }
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

.venv/dev: .venv/base
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,mcp]'
	@touch $@

demo: .venv/base ## draw a sheet and refine the demo project: no GPU, no download of weights
	@$(BIN)/darkroom demo
	@$(BIN)/darkroom run demo

test: .venv/dev ## run all tests and hold the coverage bars
	$(PYTEST) -n $(WORKERS) --dist worksteal --cov --cov-report= --cov-fail-under=95
	$(BIN)/coverage report --include='darkroom/core/*' --fail-under=100

.venv-models/ready: pyproject.toml constraints.txt constraints-models.txt
	@test -x $(MODELS)/pip || $(PYTHON) -m venv .venv-models
	$(MODELS)/pip install --quiet --disable-pip-version-check -c constraints.txt -c constraints-models.txt -e '.[models,dev]'
	@touch $@

test-models: .venv-models/ready ## run the tests of the torch tier, in an environment of its own (7 GB)
	$(MODELS)/python -c 'import torch, pyiqa, open_clip'
	$(MODELS_ENV) $(MODELS)/pytest -m models tests/adapters/scorers tests/adapters/test_optimiser_gp.py

.venv/scale: .venv/dev
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,mcp,scale]'
	@touch $@

test-scale: .venv/scale ## two hosts on PostgreSQL, Redis and S3, one of which dies
	tests/scale/install.sh
	$(PYTEST) -m scale --no-cov tests/scale

soak: .venv/dev ## kill parts of a laboratory at random moments and check that nothing is lost
	$(PYTEST) -m soak --no-cov
	$(BIN)/python -m benchmarks.recovery --runs 50 --minutes 240

quick: .venv/dev ## run the tests that take no more than a few seconds each, without coverage
	$(PYTEST) -n $(WORKERS) --dist worksteal -m 'not slow and not soak'

check: .venv/dev ## what CI holds a change to, but for test-models and test-scale
	$(MAKE) --jobs 2 lint types imports docs-check
	$(MAKE) test

format: .venv/dev ## rewrite the code in the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/codespell
	$(BIN)/sqlfluff lint --disable-progress-bar --config analytics/.sqlfluff analytics

types: .venv/dev
	$(BIN)/pyright

imports: .venv/dev
	$(BIN)/lint-imports --no-logo

docs: .venv/dev ## write generated parts of docs/ again
	$(BIN)/cog -r docs/commands.md docs/errors.md docs/configuration.md
	$(BIN)/darkroom sidecar schema > docs/sidecar.schema.json

docs-check: .venv/dev
	$(BIN)/cog --check --diff docs/commands.md docs/errors.md docs/configuration.md

clean: ## remove what make made; keeps projects/
	rm -rf .venv .venv-models .coverage .coverage.* .pytest_cache .ruff_cache .hypothesis build dist
