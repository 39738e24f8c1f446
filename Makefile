# make run    the example study, from nothing to results/
# make test   the tests                make check  style, types, layers, docs, workflow
# make bench  the benchmarks           make docs   the generated parts of the docs
# make fuzz   damaged exports, FUZZ_SECONDS for each family of readers
# make test-slurm  the workflow on a real SLURM of this machine (root; installs it; about 10 minutes)
# make limits   large studies, little memory, slow filesystems (a few minutes)
# make torture  the audit trail: killed, damaged, raced, out of space (about 10 minutes)
PYTHON ?= python3
FUZZ_SECONDS ?= 60
VENV := .venv
EXAMPLES := .venv-examples
BIN := $(abspath $(VENV))/bin
# Whatever a person's shell is set to, the project's own tools come first.
export PATH := $(BIN):$(PATH)
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Some of Snakemake's dependencies are still built the old way, with a warning, unless told.
export PIP_USE_PEP517 := 1

.PHONY: run test test-slurm limits check bench fuzz torture docs clean
.DEFAULT_GOAL := run

run: $(VENV)/installed
	@echo "== The example study (SIMULATED data) through Snakemake"
	snakemake
	@echo "== Done. Look at results/report/index.html; the tables are in results/."

test: $(VENV)/installed-dev $(EXAMPLES)/installed
	@echo "== The tests (a few minutes)"
	MRDQ_REQUIRE_EXAMPLES=1 $(BIN)/python -m pytest -n auto -q
	@echo "== All passed. What the rules are and how they are shown: docs/specification/."

check: $(VENV)/installed-dev
	ruff check .
	ruff format --check .
	mypy
	$(BIN)/python -m pytest -q tests/unit/test_layers.py tests/unit/test_docs.py
	snakefmt --check Snakefile workflow
	snakemake --lint

bench: $(VENV)/installed-dev
	@echo "== The benchmarks (an hour, 10 GB in build/); the tables go to docs/benchmarks*.md"
	$(BIN)/python tests/benchmarks/bench.py
	$(BIN)/python tests/benchmarks/readers.py
	$(BIN)/python tests/benchmarks/cohort.py
	$(BIN)/python tests/benchmarks/audit.py
	$(BIN)/python tests/benchmarks/archive.py

fuzz: $(VENV)/installed-fuzz
	@echo "== The readers, $(FUZZ_SECONDS) seconds for each family; findings go to build/fuzz/"
	$(BIN)/python tests/fuzz/fuzz_exports.py --seconds $(FUZZ_SECONDS)

test-slurm: $(VENV)/installed-cluster
	@echo "== The workflow on a real SLURM, with and without accounting (about 10 minutes)"
	bash tests/functional/slurm/install.sh
	MRDQ_SLURM=1 $(BIN)/python -m pytest tests/functional/slurm tests/functional/test_profiles.py -q -s

limits: $(VENV)/installed-dev
	@echo "== Large studies, little memory, slow filesystems (a few minutes)"
	MRDQ_LIMITS=1 $(BIN)/python -m pytest tests/limits -q -s

torture: $(VENV)/installed-dev
	@echo "== The audit trail: killed, damaged, raced, out of space (about 10 minutes)"
	MRDQ_TORTURE=1 $(BIN)/python -m pytest tests/torture -q -s

docs: $(VENV)/installed-dev
	$(BIN)/python docs/generate.py
	$(BIN)/python tests/spec/print_docs.py

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "mrdq needs Python 3.11 or later; name one: make PYTHON=python3.12"; exit 1; }
	@echo "== An environment of its own in $(VENV)"
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python requirements.lock pyproject.toml
	@echo "== Pinned dependencies (a minute or two, the first time)"
	$(PIP) install -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.lock
	@echo "== Pinned tools for the tests"
	$(PIP) install -r requirements-dev.lock
	@touch $@

$(VENV)/installed-cluster: $(VENV)/installed-dev requirements-cluster.lock
	@echo "== Snakemake's plugins for clusters"
	$(PIP) install -r requirements-cluster.lock
	@touch $@

# lifelines needs an older pandas than mrdq: its examples run in an environment of their own.
$(EXAMPLES)/installed: requirements-examples.lock | $(VENV)/bin/python
	@echo "== Pinned packages for the examples, in $(EXAMPLES)"
	$(PYTHON) -m venv $(EXAMPLES)
	$(EXAMPLES)/bin/python -m pip --disable-pip-version-check --quiet install -r $<
	@touch $@

$(VENV)/installed-fuzz: $(VENV)/installed
	@echo "== The fuzzer (for Linux only)"
	$(PIP) install --no-build-isolation -e '.[fuzz]'
	@touch $@

clean:
	rm -rf $(VENV) $(EXAMPLES) results audit logs benchmarks .mrdq .snakemake
