# Everything happens in .venv, made here from the pinned constraints.txt.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TUNEBENCH := $(BIN)/tunebench

.PHONY: help install demo test lint tfio ci clean

help:
	@echo "make demo     install, make the demo corpus, run a search on it, classify a file with the winner"
	@echo "make test     install, run all tests"
	@echo "make lint     ruff and pyright"
	@echo "make tfio     the tensorflow-io decoder's tests, in an environment of their own"
	@echo "make clean    remove the environments and what the demo made"

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[ray,links,dev]'
	@touch $@

install: $(VENV)/.installed

demo: install
	$(TUNEBENCH) data demo demo/corpus
	$(TUNEBENCH) search search_spaces/demo.yaml
	$(TUNEBENCH) trials demo --limit 10
	$(TUNEBENCH) predict demo demo/corpus/waltz/waltz-artist1-track1.wav demo/corpus/techno/techno-artist2-track1.wav
	@echo
	@echo "Browse every trial in MLflow: $(TUNEBENCH) ui, then open http://127.0.0.1:5000"

test: install
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

.venv-tfio/.installed: pyproject.toml constraints-tfio.txt
	$(PYTHON) -m venv .venv-tfio
	.venv-tfio/bin/python -m pip install --quiet --constraint constraints-tfio.txt --editable '.[tfio,dev]'
	@touch $@

tfio: .venv-tfio/.installed
	.venv-tfio/bin/python -m pytest tests/tfio

clean:
	rm -rf $(VENV) .venv-tfio demo experiments/demo
