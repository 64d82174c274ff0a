# The project's own commands; CI calls the same ones. Needs Python 3.11+ and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCK := requirements/dev.txt
PEERS := var/peers

.PHONY: setup run test check bench bench-index bench-delivery chaos world fuzz load screenshots lock help

help:            ## What there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/	/'

$(VENV)/.installed: $(LOCK)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; this is $$($(PYTHON) --version)."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	@touch $@

$(PEERS)/.installed: requirements/bench.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.txt
	@touch $@

setup: $(VENV)/.installed   ## Create .venv with the locked dependencies

run: setup       ## Sandbox, dashboard and worker; prints where to go. Ctrl-C stops all of it
	@exec $(BIN)/python bin/demo.py

test: setup      ## All tests; those that need Chromium are skipped, and say so, where there is none
	$(BIN)/python -m pytest -n auto --maxprocesses 8 $(ARGS)

check: setup     ## Lint, format, types, templates, migrations, check --deploy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/djlint templates --check --quiet
	$(BIN)/djlint templates --lint --quiet
	DJANGO_DEBUG=on $(BIN)/python manage.py makemigrations --check --dry-run
	DJANGO_SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(60))') DJANGO_DEBUG=off DJANGO_HTTPS=on \
	  $(BIN)/python manage.py check --deploy --fail-level WARNING

bench: setup $(PEERS)/.installed   ## Calls, queries and weight of the pages; then beside Django's admin and Datasette. ARGS="--people 10000,100000 --browsers 1,8", DATABASE_URL: which database
	$(BIN)/python bin/bench.py
	$(BIN)/python bin/bench_compare.py $(ARGS)

bench-index: setup   ## The local index over a million people: build, size, each search and sort (DATABASE_URL: which database, PEOPLE: how many)
	$(BIN)/python bin/bench_index.py

bench-delivery: setup   ## Deliveries a second with one and four workers, and click to both confirmed (DATABASE_URL: which database)
	$(BIN)/python bin/bench_delivery.py $(ARGS)

chaos: setup     ## Vendors fail, processes are killed: is any stop lost, wrong or late? ARGS="--seconds 300", DATABASE_URL: which database
	$(BIN)/python bin/chaos.py $(ARGS)

world: setup     ## The generated world of consent: is any stop passed over, in any order of events? ARGS="--schedules 2000 --seed 1"
	$(BIN)/python -m tests.world $(ARGS)

fuzz: setup      ## Odd headers, parameters, and bodies at every address, as every role: none may end in a 500. ARGS="--requests 100000 --seed 1"
	$(BIN)/python bin/fuzz.py $(ARGS)

load: setup      ## Fifty agents on SlickText's real limit, beside a bulk job, and while processes and PostgreSQL end. ARGS="--seconds 30"
	bin/with-postgres-and-redis $(BIN)/python bin/load.py $(ARGS)

screenshots: setup   ## Take the README's images again, from a fresh practice history; needs Chromium
	$(BIN)/python bin/screenshots.py

lock: setup      ## Resolve the dependencies again
	cd requirements && for set in base production dev bench; do \
	  ../$(BIN)/uv pip compile $$set.in -o $$set.txt --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11 --upgrade --quiet; \
	done
