# Four commands; each first makes .venv when it is missing.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Tests and the demo start many processes; those that keep no bytecode read every source anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test check bench format clean

demo: $(READY)           ## the whole road on the sample shop
	$(BIN)/llm4rec demo -o demo

test: $(READY)           ## every test, a process a core
	OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist worksteal

check: $(READY)          ## format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_layers.py

format: $(READY)         ## put the code into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(READY)          ## every figure of docs/benchmarks.md (needs the data sets, see there)
	$(BIN)/python -m benchmarks

$(READY): pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "python 3.11 or newer is needed: set PYTHON=/path/to/python3.11"; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $(READY)

clean:
	rm -rf $(VENV) demo out node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis
