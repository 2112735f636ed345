# make demo   set up, train on real digits, draw new ones, write a report
# make test   set up, then lint, types, architecture and the whole test suite
#
# Nothing is needed beforehand but Python ≥ 3.11 (with venv), make and a C compiler.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --no-input

# Compared with in the tests by their solvers alone: what else they would pull in (torchvision, wandb, …) isn't needed.
PEERS  := azula k-diffusion

.PHONY: demo test clean
.DELETE_ON_ERROR:

demo: $(VENV)/.demo
	$(BIN)/sfumato demo

test: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(PYTEST)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

# A marker a level of installation: `make test` after `make demo` adds only what is missing.
$(VENV)/.demo: pyproject.toml constraints.txt | $(VENV)/.venv
	$(PIP) install --quiet --constraint constraints.txt --editable '.[demo]'
	touch $@

$(VENV)/.test: pyproject.toml constraints.txt | $(VENV)/.venv
	$(PIP) install --quiet --constraint constraints.txt --editable '.[test]'
	$(PIP) install --quiet --constraint constraints.txt --no-deps $(PEERS)
	touch $@ $(VENV)/.demo

$(VENV)/.venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Sfumato needs Python 3.11 or newer; say which with: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "Python can't make a virtual environment here; on Debian: apt install python3-venv" >&2; rm -rf $(VENV); exit 1; }
	@touch $@

clean:
	rm -rf $(VENV) .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache
