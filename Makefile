# make demo         six nights over the demo portals
# make test         lint, types and all tests
# make check        the same without the slow tests, in two minutes
# make durations    measure again which tests are slow
# make docs         docs/ as a site
# make bench        how fast Winnow is, compared with other programs
# make fuzz         five minutes of odd texts for the C scanner, under libFuzzer and sanitizers
# make test-interop a real CKAN and a real udata harvest the site; needs SHARED (../shared) with them, and fails without
# make digest       record the digests of the methodology
# make test-pythons, make test-oldest    on other versions of Python, with the oldest libraries
PYTHON ?= python3
BIN := .venv/bin
# Two more than the number of cores, because some tests only wait.
WORKERS ?= $(shell expr $$(nproc) + 2)
export PIP_CONSTRAINT := $(CURDIR)/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Python keeps what it has compiled: hundreds of processes of the tests would compile every module again.
unexport PYTHONDONTWRITEBYTECODE
# uv installs in a fifth of the time of pip, but does not read pip's settings: where it finds no index, pip installs.
UV := UV_NATIVE_TLS=1 $(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt \
	--reinstall-package winnow-opendata --editable

.PHONY: demo test test-interop check durations lint all-tests quick-tests test-pythons test-oldest docs bench fuzz digest format clean
.DEFAULT_GOAL := demo

.venv/installed: pyproject.toml constraints.txt $(wildcard quality/tables/scan/*.[ch])
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet uv
	$(UV) '.[dev,docs]' || $(BIN)/python -m pip install --quiet --editable '.[dev,docs]'
	touch $@

# Once, one process compiles what all workers of pytest would compile at the same time; lint and docs run meanwhile.
.venv/compiled: .venv/installed
	-$(BIN)/pytest -qq --collect-only >$@.txt && rm $@.txt
	touch $@

demo: .venv/installed
	$(BIN)/winnow demo

# Lint, types and the site of the documentation run in parallel with the tests.
MAKEFLAGS += --jobs=3
test: all-tests lint

check: quick-tests lint

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

all-tests: .venv/compiled
	$(BIN)/pytest -n $(WORKERS)

quick-tests: .venv/compiled
	$(BIN)/pytest -n $(WORKERS) -m "not slow"

SHARED ?= ../shared
test-interop: .venv/installed
	$(BIN)/python bench/interop_ckan.py $(SHARED)
	$(BIN)/python bench/interop_udata.py $(SHARED)

durations: .venv/compiled
	$(BIN)/pytest -n $(WORKERS) --record-durations

# docs/ as a site in docs/_build/html. Nothing is fetched; a warning is an error.
docs: .venv/installed
	$(BIN)/sphinx-build -q -W --keep-going -n -b html docs docs/_build/html

# On Python 3.11, 3.12 and 3.13. ARGS are pytest's: make test-pythons ARGS=tests/catalog
test-pythons:
	.ci/test-pythons $(ARGS)

# With the oldest libraries that pyproject.toml allows.
test-oldest:
	PYTHON=$(PYTHON) .ci/test-oldest $(ARGS)

bench: .venv/installed
	$(BIN)/python -m pip install --quiet --editable '.[bench]'
	$(BIN)/python bench/harvest.py 20000 200
	$(BIN)/python bench/tables.py 10 0.02
	$(BIN)/python bench/expectations.py
	$(BIN)/python bench/defects.py 10
	$(BIN)/python bench/checks.py
	$(BIN)/python bench/scoring.py 2000
	$(BIN)/python bench/shacl.py
	$(BIN)/python bench/facts.py

# Record the digests of the open versions of the methodology and of the table rules.
digest: .venv/installed
	$(BIN)/python -m quality.digest
	WINNOW_UPDATE_README=1 $(BIN)/pytest -q -n 0 tests/quality/test_methodology.py tests/test_readme.py

fuzz: .venv/installed
	$(BIN)/python bench/fuzz/run.py 300

format: .venv/installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv .venvs demo-data docs/_build
