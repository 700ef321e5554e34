# Each target works in a fresh checkout and installs what it needs.
#
#   make demo [VIDEO=file] [KEEP=1]   turn a video into clips with the real functions; KEEP=1 leaves the stack running
#   make test [PYTEST="-k lease"]     run all tests, on a stack of their own
#   make faults [SECONDS=60] [SEED=1] [WORKERS=4] [PACE=1.4]   run jobs under faults and check the guarantees
#   make fuzz [CASES=20000] [SEED=1]  test the library against its OpenAPI document with Schemathesis
#   make fuzz-media [MUTATIONS=3000] [SEED=0]   send damaged videos through the probe and the pipeline
#   make lint                         check formatting, security, imports, types, SQL and shell
#   make audit                        check the pinned packages for known vulnerabilities; needs the network
#   make bench                        measure the request path, event streams, the heap, the probe and the finding of scenes
#   make up, make down, make status   start and stop the local stack, or show what runs and how to sign in
#   make token                        print an access token of the development user, valid for an hour
#   make migration NAME=add_job_priority   write the next migration from the changes in supabase/schemas
#   make clients                      write the generated code of the clients again, and build the TypeScript client
#   make lock                         pin the requirements again
#   make setup, make setup-dev        install what running, or developing, needs; the other targets do it themselves
#   make help                         print this list

SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
RUN := .venv/bin/python
PYTEST ?=
SECONDS ?= 60
WORKERS ?= 4
CASES ?= 20000
MUTATIONS ?= 3000
export VIDEO KEEP

.PHONY: demo test faults fuzz fuzz-media lint audit bench up down status token migration clients lock setup setup-dev help
.PHONY: has-python has-git

demo: setup
	@$(RUN) -m local demo

test: setup-dev
	@local/setup/debian_postgres.sh
	@local/setup/debian_zzuf.sh
	@local/setup/debian_chromium.sh
	@$(RUN) -m pytest -n 2 --dist worksteal $(PYTEST)

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

clients: setup-dev
	@$(RUN) -m local.client_code
	@clients/typescript/node_modules/@typescript/typescript-linux-x64/lib/tsc --project clients/typescript

lock: setup-dev
	@local/checks/lock.sh

setup: has-python
	@$(PYTHON) local/setup/install.py

setup-dev: has-python has-git
	@$(PYTHON) local/setup/install.py dev

has-python:
	@[[ -n "$(PYTHON)" ]] || { echo 'Python is missing: install Python 3.11 or later with pip, or name one with PYTHON=…' >&2; exit 1; }

has-git:
	@type -P git >/dev/null || { echo 'git is missing: install it. Tests and checks ask it for the files of the checkout.' >&2; exit 1; }

help:
	@sed -n 's/^#   //p' Makefile
