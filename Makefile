# make setup | demo | test | bench | kernel | proofs | lint | clean
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

.PHONY: setup demo test bench kernel proofs lint types clean

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

# make bench TRAIN="NAME ...": these case studies are trained again, their regions beside published ones.
bench: $(STAMP)
	$(BIN)/python $(if $(TRAIN),benchmarks/regions.py --train $(TRAIN),benchmarks/run.py -o $(OUT)/bench)

# The proofs in Coq, what they rest on, and the program extracted from them: certify check --kernel
# verified.  Installs Coq and OCaml where it may (root, apt-get).
kernel:
	if proofs/coq/tools.sh; then $(MAKE) -C proofs/coq; \
	else echo "SKIPPED: the kernel from Coq is not built; tests of it are skipped"; fi

# The longer proof checks: the kernel, every committed certificate by both checkers, and CASES random
# ones that all of them judge.
COQ_KERNEL := proofs/coq/build/certify-kernel
CASES ?= 3000
proofs: $(STAMP) kernel
	set -e; for certificate in $$(find case_studies -name certificate.json | sort); do \
	    test -e "$$certificate" || continue; \
	    echo "$$certificate"; $(BIN)/certify check "$$certificate"; \
	done
	if test -x $(COQ_KERNEL); then \
	    $(BIN)/python benchmarks/kernels.py && $(BIN)/python tests/coq/cross_examination.py $(CASES); \
	else echo "SKIPPED: the cross-examination of $(CASES) random certificates"; fi

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
