# Everything runs in a virtual environment of its own; only Python 3.11 or newer and make are needed.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
SERVE  ?= 1

help: ## List what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

$(BIN)/tierwise: setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Tierwise needs Python 3.11 or newer, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --config-settings editable_mode=compat
	@touch $(BIN)/tierwise

$(VENV)/dev: $(BIN)/tierwise
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,postgres]' --config-settings editable_mode=compat
	@touch $(VENV)/dev

demo: $(BIN)/tierwise ## Make a company of 24,000 customers, grade it, show the result and serve the console; SERVE=0 stops after the result
	@$(BIN)/tierwise demo --dir .demo $(if $(filter 0,$(SERVE)),,--serve)

test: $(VENV)/dev ## Run every test, on SQLite and, where it is installed, PostgreSQL
	@$(BIN)/python -m pytest -n 3

lint: $(VENV)/dev ## Check style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

pictures: $(VENV)/dev ## Take the pictures of the documentation anew, from a company that two people grade in a browser
	@mkdir -p build/pictures
	@PICTURES=build/pictures $(BIN)/python -m pytest -q tests/admin/test_from_nothing.py
	@for name in overview preview simulation results customer; do for language in en zh; do \
	  pngquant --quality 70-95 --strip --force --output docs/pictures/$$name-$$language.png build/pictures/$$name-$$language.png || exit 1; done; done

trust: $(VENV)/dev ## Run the long trials: many kills, many random streams
	@TIERWISE_TRIALS=long $(BIN)/python -m pytest tests/trust -q

bench: $(VENV)/dev ## Measure speed; DATA=folder PEERS=folder compares runs with hand-written scripts
	@$(BIN)/python bench/policies.py
	@$(BIN)/python bench/tables.py
	@$(BIN)/python bench/verify.py
	@$(BIN)/python bench/one_customer.py
	@$(BIN)/python bench/importing.py
	@$(if $(DATA),$(BIN)/python bench/compare.py --data $(DATA) $(if $(PEERS),--peers $(PEERS)) $(if $(PEER_PYTHON),--peer-python $(PEER_PYTHON)),true)

clean: ## Remove the virtual environment and the demo
	rm -rf $(VENV) .demo build *.egg-info

.PHONY: help demo test lint pictures trust bench clean
.DEFAULT_GOAL := help
