# Everything starts from a fresh checkout: `make demo` shows the system at work, `make test` proves it.
#
#   make demo [VIDEO=file] [KEEP=1]   a real video through the real functions; KEEP=1 leaves the stack up
#   make test [PYTEST="-k lease"]     every test, on a stack of its own
#   make faults [SECONDS=60] [SEED=1] [WORKERS=4] [PACE=1.4]   jobs under faults, checked against what must always hold
#   make fuzz [CASES=20000] [SEED=1]   the library against its OpenAPI document, by Schemathesis
#   make fuzz-media [MUTATIONS=3000] [SEED=0]   damaged videos through the probe and the pipeline
#   make lint                         formatting, security, types, SQL, shell
#   make audit                        the pinned packages against known vulnerabilities; needs the network
#   make bench                        the request path, measured
#   make up, make down, make status   the local stack, left running
#   make token                        an access token of its user, good for an hour
#   make migration NAME=add_job_priority   the next migration, from what has changed in supabase/schemas
#   make lock                         pin the requirements anew

SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
RUN := .venv/bin/python
PYTEST ?=
SECONDS ?= 60
WORKERS ?= 4
CASES ?= 20000
MUTATIONS ?= 3000
export VIDEO KEEP

.PHONY: demo test faults fuzz fuzz-media lint audit bench up down status token migration lock setup setup-dev

demo: setup
	@$(RUN) -m local demo

test: setup-dev
	@local/setup/debian_postgres.sh
	@local/setup/debian_zzuf.sh
	@$(RUN) -m pytest -n 2 $(PYTEST)

faults: setup-dev
	@$(RUN) -m tests.faults --seconds $(SECONDS) --workers $(WORKERS) $(if $(SEED),--seed $(SEED)) $(if $(PACE),--pace $(PACE))

fuzz: setup-dev
	@$(RUN) -m tests.api.openapi.fuzz --cases $(CASES) $(if $(SEED),--seed $(SEED))

fuzz-media: setup-dev
	@local/setup/debian_zzuf.sh
	@$(RUN) -m tests.worker.media.hostile.fuzz --mutations $(MUTATIONS) $(if $(SEED),--seed $(SEED))

lint: setup-dev
	@local/checks/lint.sh

audit: setup-dev
	@local/checks/audit.sh

bench: setup-dev
	@$(RUN) -m bench

up: setup
	@$(RUN) -m local up

down: setup
	@$(RUN) -m local down

status: setup
	@$(RUN) -m local status

token: setup
	@$(RUN) -m local token

migration: setup-dev
	@$(RUN) -m local migration $(NAME)

lock: setup-dev
	@local/checks/lock.sh

setup:
	@$(PYTHON) local/setup/install.py

setup-dev:
	@$(PYTHON) local/setup/install.py dev
