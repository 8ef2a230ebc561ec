# Two commands do everything, set-up included: `make demo` and `make test`.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PIP := $(BIN)/pip --quiet --disable-pip-version-check

.PHONY: demo test test-nbgrader test-self-check test-evidence test-parts lint release prove attacks bench corpora stubs clean

demo: .venv/.ready
	@$(BIN)/python grading/demo.py

# Four parts, which often wait for time to pass: on two cores, three at a time take little more than half the time
# (`make -j3 -O test`). More at a time would keep tests from what they wait for.
test: test-evidence test-nbgrader test-self-check test-parts

IN_USE := tests/kit/nbgrader tests/kit/self_check
EVIDENCE := $(patsubst %,tests/kit/grading/test_%.py,attacks specimens transports)

test-nbgrader: .venv/.ready
	@$(BIN)/pytest tests/kit/nbgrader

test-self-check: .venv/.ready
	@$(BIN)/pytest tests/kit/self_check

test-evidence: .venv/.ready
	@$(BIN)/pytest $(EVIDENCE)

test-parts: .venv/.ready
	@$(BIN)/pytest $(addprefix --ignore=,$(IN_USE) $(EVIDENCE))

lint: .venv/.ready
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

release: .venv/.ready
	@$(BIN)/gradkit release --out dist

prove: .venv/.ready
	@$(BIN)/gradkit prove

attacks: .venv/.ready
	@$(BIN)/gradkit attacks

bench: .venv/.ready
	@$(BIN)/python grading/benchmarks/bench.py

corpora: .venv/.ready
	@$(BIN)/gradkit corpora --check

stubs: .venv/.ready
	@$(BIN)/gradkit stubs

# The course's packages are pinned. PyTorch comes from the same file, so that no other version of it can slip in.
.venv/.ready: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
		{ echo "The pinned packages need Python 3.11: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	@echo "Setting up .venv (once, about a minute) ..."
	@$(PYTHON) -m venv .venv
	@$(PIP) install -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

clean:
	rm -rf .venv dist
