# Every command makes and reuses the virtual environment .venv (`matrix` those in .matrix, `bench` .bench); nothing else
# on the machine is touched.
PYTHON ?= python3
BIN := .venv/bin
.DEFAULT_GOAL := help
.PHONY: help demo test check guards mutants soak fuzz faults bench bench-quick matrix matrix-quick wheel record format clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

demo: .venv/demo ## Hold a two-turn conversation about videos, through LangChain and through LlamaIndex
	@$(BIN)/python examples/demo.py

test: .venv/check ## Run the whole test suite, offline
	@$(BIN)/python -m pytest -n auto --dist worksteal --cov --cov-context=test --cov-report=

check: .venv/check ## Check format, lint, types, import contracts, own tests (after make test)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python tools/own_coverage.py

matrix: .venv/matrix ## Run the suites on the oldest and newest frameworks and each Python (ONLY=part-of-a-name)
	@$(if $(ONLY),,$(BIN)/python tools/wheel.py)
	@$(BIN)/python tools/matrix.py $(ONLY)

matrix-quick: .venv/matrix ## The same, on fewer Pythons
	@$(BIN)/python tools/wheel.py
	@$(BIN)/python tools/matrix.py --quick

wheel: .venv/matrix ## Install the wheel into an empty environment, and run the tests of docs/testing.md there
	@$(BIN)/python tools/wheel.py

guards: .venv/check ## Take out each guard against a known pitfall and see its test fail (minutes)
	@$(BIN)/python tools/guards.py

mutants: .venv/mutants ## Change the source in each small way and see a test of its room fail (minutes; ONLY=part-of-a-path)
	@$(BIN)/python tools/mutants.py $(if $(ONLY),--only '$(ONLY)')

# An answer of the live API takes minutes, so nothing is timed; and it is not on this machine.
record: .venv/check ## Record the cassettes anew, from the emulator or, with a key, the live API (ONLY=part-of-a-name)
	@$(BIN)/python -m pytest -q -m vcr --record-mode=all --force-enable-socket --timeout=0 $(if $(ONLY),-k '$(ONLY)') tests

soak: .venv/check ## Ask for ten minutes, with faults at random, and count every turn (SECONDS_OF_SOAK=600)
	@$(BIN)/python -m tests.load.soak $(SECONDS_OF_SOAK)

fuzz: .venv/fuzz ## Look for bytes that break what must hold, a minute for each property (SECONDS_OF_FUZZ=60)
	@$(BIN)/python tools/fuzz.py $(SECONDS_OF_FUZZ)

faults: .venv/check ## Write docs/faults.md from the fault matrix (tests/faults/table.py)
	@$(BIN)/python -m tests.faults.page

bench: .bench/peers ## Measure us beside the peers, and write benchmarks/results.md and the chart (minutes; ONLY=measures)
	@.bench/bin/python -m benchmarks $(ONLY)

bench-quick: .bench/peers ## The same, shorter: prints the table, and fails where a figure is over twice its target
	@.bench/bin/python -m benchmarks --quick $(ONLY)

format: .venv/check ## Format the code and fix what the linter can
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean: ## Remove the virtual environments and every cache
	@rm -rf .venv .matrix .bench .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .fuzz .coverage*

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "Python 3.10 or newer is needed; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Making .venv ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'

# The peers have an environment of their own, as a user would have who tries them.
.bench/peers: pyproject.toml
	@$(PYTHON) -m venv .bench
	@.bench/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	@echo "Installing the packages and their peers (a minute or so, once) ..."
	@.bench/bin/python -m pip install --quiet --editable '.[langchain,llama-index]' --group bench
	@touch $@

.venv/demo: .venv/bin/python pyproject.toml
	@echo "Installing the packages (a minute or so, once) ..."
	@$(BIN)/python -m pip install --quiet --editable '.[all]'
	@touch $@

.venv/check: .venv/bin/python pyproject.toml
	@echo "Installing the packages and what tests and checks need (a minute or so, once) ..."
	@$(BIN)/python -m pip install --quiet --editable '.[all]' --group check
	@touch $@

.venv/mutants: .venv/bin/python pyproject.toml
	@$(BIN)/python -m pip install --quiet --editable '.[all]' --group mutants
	@touch $@

.venv/fuzz: .venv/check
	@$(BIN)/python -m pip install --quiet --group fuzz
	@touch $@

.venv/matrix: .venv/bin/python pyproject.toml
	@$(BIN)/python -m pip install --quiet --group matrix
	@touch $@
