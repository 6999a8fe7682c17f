# Each recipe is one plain command that also works without make.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo demo-reset run test check matrix bench docs

demo: .venv/demo
	@DEMO=1 $(BIN)/python manage.py runlocal --demo

demo-reset: .venv/demo
	@DEMO=1 $(BIN)/python manage.py runlocal --demo --reset

run: .venv/demo
	@$(BIN)/python manage.py runlocal

test: .venv/dev
	@$(BIN)/python -m tests.run

check: .venv/dev
	@$(BIN)/python -m tests.run --quick

matrix: .venv/dev
	@TESTING=1 SHOW_MATRIX=1 $(BIN)/python -m pytest -q -p no:cacheprovider tests/matrix

bench: .venv/dev
	@ROWS=$(ROWS) CURVE=$(CURVE) $(BIN)/python -m bench

docs: .venv/dev
	@TESTING=1 $(BIN)/python manage.py reference --write && TESTING=1 $(BIN)/python manage.py openapi --write

.venv/python: deploy/prepare.py
	@$(PYTHON) deploy/prepare.py

.venv/demo: .venv/python requirements/base.txt requirements/demo.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/base.txt -r requirements/demo.txt
	@touch $@

.venv/dev: .venv/demo requirements/dev.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@
