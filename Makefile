SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
PACKAGES := yoi-bundle worker-runtime yoi-workspace-server yoi
SOURCES := packages tests benchmarks

.PHONY: setup run test check fmt lint types layering unit bench soak lock build test-worker-runtime \
	test-workspace-server check-yoi clean

setup: .venv/.installed ## make .venv with everything, from pinned hashes

.venv/.installed: requirements/locked.txt requirements/uv.txt $(wildcard packages/*/pyproject.toml)
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	$(BIN)/uv pip sync --quiet --require-hashes --python $(BIN)/python requirements/uv.txt requirements/locked.txt
	$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python \
		$(foreach package,$(PACKAGES),-e packages/$(package))
	touch $@

run: setup ## the whole product once, on examples/
	$(BIN)/python examples/run.py

test: setup lint types layering unit ## everything CI runs

check: lint types layering

fmt: setup ## format the sources
	$(BIN)/ruff format $(SOURCES) examples
	$(BIN)/ruff check --fix $(SOURCES) examples

lint: setup
	$(BIN)/ruff format --check $(SOURCES) examples
	$(BIN)/ruff check $(SOURCES) examples
	git diff --check

types: setup
	$(BIN)/mypy packages/yoi-bundle/src packages/worker-runtime/src packages/yoi-workspace-server/src packages/yoi/src

layering: setup
	$(BIN)/lint-imports --no-cache

unit: setup
	$(BIN)/python -m pytest -n 2 -m "not soak"

test-worker-runtime: setup
	$(BIN)/python -m pytest packages/worker-runtime

test-workspace-server: setup
	$(BIN)/python -m pytest packages/yoi-workspace-server

check-yoi: setup
	$(BIN)/mypy packages/yoi/src
	$(BIN)/python -m pytest packages/yoi

bench: setup ## print the figures, as ratios of one run
	for file in benchmarks/p*.py; do $(BIN)/python $$file || exit 1; done

soak: setup ## the long tests
	$(BIN)/python -m pytest -m soak

lock: ## write the pinned hashes anew
	$(BIN)/uv pip compile --quiet --generate-hashes --no-header --no-annotate requirements/uv.in -o requirements/uv.txt
	$(BIN)/uv export --quiet --all-packages --all-groups --no-emit-workspace --no-header -o requirements/locked.txt

build: setup ## all wheels
	for package in $(PACKAGES); do $(BIN)/python -m build --quiet --wheel --no-isolation --outdir dist packages/$$package || exit 1; done

clean:
	rm -rf .venv dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
