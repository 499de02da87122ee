# Builds, runs and checks Forewarn. `make` lists what there is; CONTRIBUTING.md says more.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
# The interpreter to install with; empty: what is installed already, else the newest on PATH that will do.
PYTHON ?=
# Extra arguments of the target's program: make run ARGS="--mode enforce", make test ARGS="-k retry".
ARGS ?=
# How many processes run tests.
JOBS ?= auto

BENCH_MODULE := tests.bench
DEMO_MODULE := clients.demo
MYPY_TARGETS := sidecar clients/python/forewarn $(wildcard clients/cli/forewarn_cli clients/mcp/forewarn_mcp clients/demo) build_steps tests
RUFF_TARGETS := sidecar clients build_steps tests

.DEFAULT_GOAL := help
.PHONY: help install run test test-long test-clients test-pythons lint format proto proto-baseline lock bench demo clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

install: ## install everything into .venv at the locked versions (PYTHON=... chooses the interpreter)
	@build_steps/install.sh $(VENV) $(PYTHON)

run: install ## run the daemon (ARGS="--data-dir DIR ..."; --help lists them)
	@exec $(BIN)/forewarn-sidecar $(ARGS)

test: install ## run the fast tests (ARGS="-k name" chooses some)
	$(BIN)/python -m pytest -n $(JOBS) $(ARGS)

test-long: install ## run the long tests: killing, filling disks, soaking
	$(BIN)/python -m pytest -m long --timeout 900 $(ARGS) || [ $$? -eq 5 ]  # 5: there are none

test-clients: install ## run the Go and TypeScript examples against a daemon (skips what is not installed)
	$(BIN)/python -m tests.conformance_clients $(ARGS)

test-pythons: ## run the fast tests on every CPython 3.11+ of PATH and pyenv
	@build_steps/test_pythons.sh -n $(JOBS) $(ARGS)

lint: install ## check style, types, layers, the API and that generated code is current
	$(BIN)/ruff check $(RUFF_TARGETS)
	$(BIN)/ruff format --check $(RUFF_TARGETS)
	$(BIN)/mypy $(MYPY_TARGETS)
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m build_steps.generate --check $(if $(CI),--require-all)
	$(BIN)/buf format --path proto --diff --exit-code
	$(BIN)/buf lint build/proto/full.binpb --config buf.yaml
	$(BIN)/buf breaking build/proto/client.binpb --against proto/baseline.binpb --config buf.yaml

format: install ## put Python and .proto files into the house's form
	$(BIN)/ruff check --fix-only --quiet $(RUFF_TARGETS)
	$(BIN)/ruff format $(RUFF_TARGETS)
	$(BIN)/buf format --path proto --write

proto: install ## generate the Python, Go and TypeScript code of proto/
	$(BIN)/python -m build_steps.generate

proto-baseline: install ## accept proto/ as released: later changes must not break it
	$(BIN)/python -m build_steps.generate --baseline

lock: ## resolve versions anew (ARGS="--upgrade" takes the newest)
	@build_steps/lock.sh $(ARGS)

bench: install ## measure latency, throughput and learning
	$(BIN)/python -m $(BENCH_MODULE) $(ARGS)

demo: install ## see it learn from real traces
	$(BIN)/python -m $(DEMO_MODULE) $(if $(TRACES),--traces $(TRACES)) $(ARGS)

clean: ## remove everything that was built or installed
	rm -rf $(VENV) build dist sidecar/native/*.so .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	rm -rf clients/typescript/node_modules clients/typescript/dist
	find sidecar clients tests build_steps -name __pycache__ -type d -prune -exec rm -rf {} +
