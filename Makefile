# Switchboard: `make up` runs it, `make test` checks everything. The logic is in tools/, plain Python.
# The tools need Python 3.11 or newer with venv; 3.11 is tried first because requirements/*.txt are resolved for it.
PYTHON := $(shell for python in python3.11 python3 python3.12 python3.13 python3.14; do \
	"$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& echo "$$python" && break; done)
NO_PYTHON := switchboard: Python 3.11 or newer (with venv) is not on the PATH: install python3 and python3-venv, then run make again.

.DEFAULT_GOAL := help
.PHONY: bench help up up-distributed test check chaos chaos-short webhooks sim doctor setup train embedder ui lint types map pins clean python

python:
	@test -n "$(PYTHON)" || { echo "$(NO_PYTHON)" >&2; exit 1; }

up: python ## everything from a fresh clone to a running Switchboard; Ctrl-C stops it
	@echo "make up: environments, embedder, Rasa model, then service, actions and rasa"
	@exec $(PYTHON) -m tools.up

up-distributed: python ## the same with PostgreSQL, Redis, nginx and two replicas of each; REPLICAS=1 for one
	@echo "make up-distributed: as make up, with Debian's PostgreSQL, Redis and nginx, and replicas"
	@exec $(PYTHON) -m tools.up_distributed

test: python ## everything that is checked before a release, on real processes and a real browser
	@echo "make test: every check there is"
	@exec $(PYTHON) -m tools.checks test

chaos: ## faults on purpose, 20 minutes (after make setup): kills, cut sockets, stopped servers; SEED=n replays a run
	@echo "make chaos: the closing run with faults; results/chaos/closing.json"
	@exec .venv/bin/python -m tests.chaos closing $(if $(SEED),--seed $(SEED))

chaos-short: ## the same in two minutes: every kind of fault once
	@echo "make chaos-short: every kind of fault once; results/chaos/short.json"
	@exec .venv/bin/python -m tests.chaos short $(if $(SEED),--seed $(SEED))

webhooks: ## ten thousand webhooks of three platforms, shuffled, a fifth twice, and the service killed three times
	@echo "make webhooks: the way in and out under kills; results/webhooks.json"
	@exec .venv/bin/python -m tests.webhooks $(if $(SEED),--seed $(SEED))

bench: ## what it costs, each figure beside a control in the same run, at most 25 minutes; ROWS=P1,P2 for some
	@echo "make bench: bench/results/*.json and bench/results/index.html"
	@exec .venv/bin/python -m bench $(if $(ROWS),--only $(ROWS))

sim: ## the social platforms simulated (after make setup): write as a customer, see what arrived; SERVICE=address
	@echo "make sim: Messenger, Instagram, WhatsApp, Telegram, X and LINE on one loopback port"
	@exec .venv/bin/python -m tests.sim $(if $(SERVICE),--service $(SERVICE)) $(if $(PORT),--port $(PORT))

check: python ## the inner loop: lint, types, import contracts, tests without services
	@echo "make check: lint, types, import contracts, tests without services"
	@exec $(PYTHON) -m tools.checks check

doctor: python ## what is there, what is missing, and the fix
	@echo "make doctor: is everything there that make up needs?"
	@exec $(PYTHON) -m tools.doctor

setup: python ## both Python environments, with what the checks need
	@echo "make setup: .venv and .venv-rasa from requirements/*.txt"
	@exec $(PYTHON) -m tools.prepare setup

train: python ## the Rasa model, when its data have changed
	@echo "make train: the Rasa model for today's data"
	@exec $(PYTHON) -m tools.prepare train

embedder: python ## the sentence embedder as ONNX, when it is missing
	@echo "make embedder: the sentence embedder as ONNX in var/minilm"
	@exec $(PYTHON) -m tools.prepare embedder

ui: python ## widget and console from their sources (needs Node); commit the result
	@echo "make ui: widget and console from their sources"
	@exec $(PYTHON) -m tools.prepare ui

lint: python ## ruff, check and format
	@echo "make lint: ruff check, ruff format --check"
	@exec $(PYTHON) -m tools.checks lint

types: python ## mypy strict and the import contracts
	@echo "make types: mypy strict, import contracts"
	@exec $(PYTHON) -m tools.checks types

map: python ## the map in ARCHITECTURE.md anew from the modules' first sentences
	@echo "make map: the map in ARCHITECTURE.md"
	@exec $(PYTHON) -m tools.architecture_map

pins: python ## requirements/*.txt anew from requirements/*.in
	@echo "make pins: resolve requirements/*.in"
	@exec $(PYTHON) -m tools.pins

clean: python ## remove what tools have made; keep record, secrets and environments
	@echo "make clean: remove caches, models and results"
	@exec $(PYTHON) -m tools.prepare clean

help: ## this list
	@echo "make up runs Switchboard, make test checks it. All targets:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' Makefile
