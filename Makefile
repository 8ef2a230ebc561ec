# `make demo` and `make test` need nothing but Python 3.11 and make. README.md describes the targets.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PIP := $(BIN)/pip --quiet --disable-pip-version-check

# Container images often set this; then each of the several hundred processes of the tests would compile gradkit anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test lint lint-types lint-code lint-format lint-layers release prove attacks bench corpora stubs clean

demo: .venv/.ready
	@$(BIN)/python grading/demo.py

# The suites on the reference, then the tests of the kit in N processes. Some tests of the kit wait for time to pass, so on
# two cores three processes take less time than two. Tests that share expensive fixtures are a group, which runs in one
# process (tests/kit/conftest.py). The end of the output lists the slowest tests.
N ?= 3

test: .venv/.ready
	@$(BIN)/pytest --ignore=tests/kit
	@$(BIN)/pytest tests/kit -n $(N) --dist loadscope --no-loadscope-reorder

# `make -j 2 lint` runs two of them at a time.
lint: lint-types lint-code lint-format lint-layers

lint-types: .venv/.ready
	@$(BIN)/mypy

lint-code: .venv/.ready
	@$(BIN)/ruff check .

lint-format: .venv/.ready
	@$(BIN)/ruff format --check .

lint-layers: .venv/.ready
	@$(BIN)/lint-imports

release: .venv/.ready
	@$(BIN)/gradkit release --out dist

# The page is written also if a part has misses.
prove: .venv/.ready
	@status=0; \
	$(BIN)/gradkit prove --record || status=1; \
	$(BIN)/gradkit mutants --record || status=1; \
	$(BIN)/gradkit hints set_b --record || status=1; \
	$(BIN)/gradkit page || status=1; \
	exit $$status

attacks: .venv/.ready
	@$(BIN)/gradkit attacks

bench: .venv/.ready
	@$(BIN)/python grading/benchmarks/bench.py

corpora: .venv/.ready
	@$(BIN)/gradkit corpora --check

stubs: .venv/.ready
	@$(BIN)/gradkit stubs

# The versions of all packages are pinned in requirements.txt, PyTorch's too, because recorded numbers depend on it.
# pip would compile on one core, and everything. Most modules of the packages in NOT_COMPILED are never imported; Python
# compiles the others when it imports them.
NOT_COMPILED := torch|torchgen|sympy|networkx|pip|setuptools|mypy|mypyc|fontTools|devtools|lexers|tests

.venv/.ready: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
		{ echo "The pinned packages need Python 3.11: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	@echo "Setting up .venv (once, about a minute) ..."
	@$(PYTHON) -m venv .venv
	@$(PIP) install --no-compile -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -qq -j 2 -x '/($(NOT_COMPILED))/' .venv/lib
	@touch $@

clean:
	rm -rf .venv dist
