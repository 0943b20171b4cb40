# make setup | demo | test | bench | proofs | lint | clean
PYTHON ?= python3
VENV ?= .venv
OUT ?= out
TESTS ?= tests
JOBS ?= 2

BIN := $(VENV)/bin
STAMP := $(VENV)/.certify-installed
TYPES := build/types
MAPPED := controllers verifiers proofs case_studies
CHECKED := certify $(MAPPED) tests

# One thread for each matrix product: tests and searches run in several processes already.
export OPENBLAS_NUM_THREADS := 1
export OMP_NUM_THREADS := 1

.PHONY: setup demo test bench proofs lint types clean

setup: $(STAMP)

$(STAMP): pyproject.toml setup.py $(wildcard verifiers/native/*)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	$(BIN)/python -m compileall -q certify $(MAPPED)
	touch $@

demo: $(STAMP)
	$(BIN)/certify run case_studies/inverted_pendulum/problem.toml -o $(OUT)/

test: lint
	$(BIN)/python -m pytest -n $(JOBS) $(TESTS)

bench: $(STAMP)
	$(BIN)/python benchmarks/run.py -o $(OUT)/bench

# The longer proof checks: the proofs in Coq and what they rest on, where Coq is installed, and
# every committed certificate, by the checker in a process of its own and by the kernel from Coq.
COQ_KERNEL := proofs/coq/build/certify-kernel
proofs: $(STAMP)
	if command -v coqc > /dev/null; then $(MAKE) -C proofs/coq; \
	else echo "coqc is not installed: the proofs in proofs/coq are not compiled"; fi
	mkdir -p $(OUT)
	set -e; for certificate in case_studies/*/certificate.json; do \
	    test -e "$$certificate" || continue; \
	    echo "$$certificate"; $(BIN)/certify check "$$certificate"; \
	    test -x $(COQ_KERNEL) || continue; \
	    $(BIN)/python -m certify.io.kernel_text "$$certificate" > $(OUT)/kernel.txt; \
	    $(COQ_KERNEL) $(OUT)/kernel.txt; \
	done

lint: $(STAMP) types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	cd $(TYPES) && $(abspath $(BIN))/lint-imports --no-logo --no-cache --config $(CURDIR)/.importlinter

# mypy and import-linter cannot follow the mapping of folders in pyproject.toml: they are shown a
# tree of links.
types: $(STAMP)
	rm -rf $(TYPES) && mkdir -p $(TYPES)/certify
	set -e; for part in certify/*; do ln -s "$(CURDIR)/$$part" $(TYPES)/certify/; done
	set -e; for part in $(MAPPED); do ln -s "$(CURDIR)/$$part" $(TYPES)/certify/; done
	MYPYPATH=$(TYPES) $(BIN)/mypy -p certify

clean:
	rm -rf build dist $(OUT) .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find $(CHECKED) -name __pycache__ -type d -prune -exec rm -rf {} +
