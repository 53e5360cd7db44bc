# Two commands: `make app` opens the dashboard (HOST=0.0.0.0 for others to see it), `make test` runs
# all tests.
# Both create .venv and install what is missing; a second call starts at once.
PYTHON ?= python3
HOST ?= localhost
PORT ?= 8501
VENV := .venv
BIN := $(VENV)/bin

# Datasets kept beside the checkout are found without being told.
ifneq ($(wildcard ../shared/data),)
export GANDASH_DATA ?= $(abspath ../shared/data)
endif

# OpenMP threads that spin while they wait waste what little time a busy machine leaves.
export OMP_WAIT_POLICY ?= PASSIVE

.PHONY: app test coverage check clean

app: $(VENV)/app.stamp
	@$(BIN)/python -m gandash app --host $(HOST) --port $(PORT)

test: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

# The same, and at least 95 % of the core's lines must have run (see pyproject.toml).
coverage: export PYTEST_ADDOPTS := --cov --cov-report=term:skip-covered
coverage: test

check: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# The tested versions where the registry has them, else whatever the bounds allow.
define install
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt $(1) 2>$(VENV)/refused.txt || { \
	    echo "gandash: not every tested version is to be had here (constraints.txt): going by the bounds"; \
	    $(BIN)/python -m pip install --quiet $(1); }
endef

$(VENV)/app.stamp: requirements.txt constraints.txt pyproject.toml | $(BIN)/python
	$(call install,--editable .)
	@touch $@

$(VENV)/dev.stamp: $(VENV)/app.stamp
	@$(BIN)/python -m pip install --quiet --upgrade pip
	$(call install,--group dev)
	@touch $@

clean:
	rm -rf $(VENV)
