# Two commands: `make app` opens the dashboard, `make test` runs all tests.
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

.PHONY: app test check clean

app: $(VENV)/app.stamp
	@$(BIN)/python -m gandash app --host $(HOST) --port $(PORT)

test: $(VENV)/dev.stamp
	$(BIN)/python -m pytest

check: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/app.stamp: requirements.txt pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/dev.stamp: $(VENV)/app.stamp
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --group dev
	touch $@

clean:
	rm -rf $(VENV)
