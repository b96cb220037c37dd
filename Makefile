# Two commands on a fresh machine with Python 3.11 and make: `make demo` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

AXE := $(VENV)/axe/node_modules/axe-core/axe.min.js

.PHONY: axe demo test lint types docs spec check spark statistical bench clean

demo: $(READY)
	$(BIN)/python -m examples.demo

test: $(READY) axe
	$(BIN)/python -m pytest -n auto --dist loadgroup --cov --cov-report=term -m "not statistical and not scale"

# What the browser tests judge accessibility with; where npm is absent they are skipped.
axe: $(READY)
	@test -f $(AXE) || ! command -v npm >/dev/null || \
		npm install --prefix $(VENV)/axe --ignore-scripts --no-audit --no-fund --silent axe-core@4.10.3 || true

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(READY)
	$(BIN)/mypy

docs: $(READY)
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html

spec: $(READY)
	$(BIN)/python -m blended_standard.spec build

check: lint types test
	$(BIN)/python -m blended_standard.spec check

# Needs Java.
spark: $(READY)
	$(BIN)/python -m pytest tests/engine/test_spark.py -m scale

statistical: $(READY)
	$(BIN)/python -m pytest tests/statistical -m statistical

bench: $(READY)
	for script in benchmarks/[a-z]*.py; do echo "== $$script"; $(BIN)/python "$$script" || exit 1; done

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable ".[all]" --group test --group lint --group docs
	touch $@

clean:
	rm -rf $(VENV) out .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis
