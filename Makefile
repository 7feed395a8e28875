SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
PACKAGES := yoi-bundle yoi-wire worker-runtime yoi-workspace-server yoi
SOURCES := packages tests benchmarks conftest.py

# A shell may forbid byte code; then every process that a test starts would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup run test check fmt documents lint types layering unit bench soak mutants migration house lock build test-worker-runtime \
	test-workspace-server check-yoi nix clean

setup: .venv/.installed ## make .venv with everything, from pinned hashes

.venv/.installed: requirements/locked.txt requirements/uv.txt $(wildcard packages/*/pyproject.toml)
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	$(BIN)/uv pip sync --quiet --compile-bytecode --require-hashes --python $(BIN)/python requirements/uv.txt requirements/locked.txt
	$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python \
		$(foreach package,$(PACKAGES),-e packages/$(package))
	$(BIN)/python -m compileall -q $(SOURCES)
	touch $@

# A second Python, to show that a digest does not depend on the version: one on the path, or beside this one.
OTHER_PYTHON ?= $(firstword $(shell python3.13 -c "import sys; print(sys.executable)" 2>/dev/null) \
	$(wildcard $(shell $(PYTHON) -c "import sys; print(sys.base_prefix)")/../3.13*/bin/python3.13))

.venv-3.13/.installed: .venv/.installed
	@if test -z "$(OTHER_PYTHON)"; then \
		echo "no Python 3.13 on this machine: the tests that compare versions are skipped"; \
	else \
		$(BIN)/uv venv --quiet --clear --python $(OTHER_PYTHON) .venv-3.13 \
		&& $(BIN)/uv pip sync --quiet --compile-bytecode --require-hashes --python .venv-3.13/bin/python requirements/locked.txt \
		&& $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --python .venv-3.13/bin/python \
			$(foreach package,$(PACKAGES),-e packages/$(package)) \
		&& .venv-3.13/bin/python -m compileall -q packages \
		&& touch $@; \
	fi

run: setup ## the whole product once, on examples/
	$(BIN)/python examples/run.py

test: setup lint types layering unit ## everything CI runs

check: lint types layering

fmt: setup ## format the sources
	$(BIN)/ruff format $(SOURCES) examples
	$(BIN)/ruff check --fix $(SOURCES) examples

documents: setup ## write what of docs/ follows from the sources: tables of errors and operations, the library's reference
	PYTHONPATH=tests $(BIN)/python -m support.documents.written

lint: setup
	$(BIN)/ruff format --check $(SOURCES) examples
	$(BIN)/ruff check $(SOURCES) examples
	git diff --check

types: setup
	$(BIN)/mypy $(foreach package,$(PACKAGES),packages/$(package)/src)

layering: setup
	$(BIN)/lint-imports --no-cache

unit: setup .venv-3.13/.installed
	$(BIN)/python -m compileall -q $(SOURCES)
	test ! -x .venv-3.13/bin/python || .venv-3.13/bin/python -m compileall -q packages
	$(BIN)/python -m pytest -n 2 -m "not soak"

test-worker-runtime: setup
	$(BIN)/python -m pytest packages/worker-runtime

test-workspace-server: setup
	$(BIN)/python -m pytest packages/yoi-workspace-server

check-yoi: setup
	$(BIN)/mypy packages/yoi/src
	$(BIN)/python -m pytest packages/yoi

bench: setup ## print the figures, as ratios of one run
	for file in benchmarks/p*.py benchmarks/x*.py; do $(BIN)/python $$file || exit 1; done

soak: setup .venv-3.13/.installed ## the long tests
	$(BIN)/python -m pytest -n 2 -m soak --hypothesis-profile=soak --timeout=7200

house: setup ## print figures of the house: sizes, import chains, comments
	$(BIN)/python tests/house_figures.py

mutants: setup ## change the product a little, in many ways, and list what no test notices (see tests/mutation/run.py)
	$(BIN)/python tests/mutation/run.py $(GROUPS)

migration: setup ## data that an older version's wheels wrote, read by this one, on both databases (see tests/migration/run.py)
	$(BIN)/python tests/migration/run.py

lock: ## write the pinned hashes anew
	$(BIN)/uv pip compile --quiet --generate-hashes --no-header --no-annotate requirements/uv.in -o requirements/uv.txt
	$(BIN)/uv export --quiet --all-packages --all-groups --no-emit-workspace --no-header -o requirements/locked.txt
	$(BIN)/uv export --quiet --all-packages --no-dev --group wheels --no-emit-workspace --no-header -o requirements/runtime.txt

nix: ## build the flake with Debian's nix and this host's Python in the place of nixpkgs (see docs/acceptance.md)
	PYTHON=$(PYTHON) nix/build_on_host.sh

build: setup ## all wheels, each installed alone and used
	rm -rf dist
	for package in $(PACKAGES); do PATH="$$PWD/$(BIN):$$PATH" $(BIN)/python -m build --quiet --wheel --no-isolation --outdir dist packages/$$package || exit 1; done
	$(BIN)/python tests/wheels/check_wheels.py

clean:
	rm -rf .venv .venv-3.13 dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
