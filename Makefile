# The commands that people expect. `make run CONFIG=config/ca1.yaml` runs another configuration.

CONFIG ?= config/config.yaml
CORES ?= $(shell getconf _NPROCESSORS_ONLN)
PYTHON ?= python3
# Where the environment lies; outside of a folder whose path has a blank.
VENV ?= .venv
BIN := $(VENV)/bin
# In place of the shell, so that it is told what make is told.
DENDROFLOW := exec env PYTHONPATH="$(CURDIR)/scripts" "$(BIN)/python" -m dendroflow
export PATH := $(if $(filter /%,$(BIN)),,$(CURDIR)/)$(BIN):$(PATH)
COMPILE := UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile -q --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links --upgrade

.PHONY: help setup setup-develop new run plan find audit prune test test-slow test-cluster bench fuzz lint format docs site lock audit-lock clean

##@ To simulate
help:  ## list the commands
	@awk -F ':.*## +' '/^##@/ {printf "%s%s\n", sep, substr($$0, 5); sep = "\n"} \
		/^[a-z-]+:.*##/ {printf "  %-14s%s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@printf '\nVariables\n'
	@printf '  %-14s%s\n' CONFIG= 'the configuration: $(CONFIG)' CORES= 'cores to use: $(CORES)' \
		VENV= 'where the environment lies: $(VENV)' PYTHON= 'what makes it: $(PYTHON)'

setup:  ## create the environment from the hash-pinned lock
	@PYTHON="$(PYTHON)" VENV="$(VENV)" sh envs/setup.sh runtime

setup-develop:
	@PYTHON="$(PYTHON)" VENV="$(VENV)" sh envs/setup.sh runtime develop

new: setup-develop  ## make a repository of your own: make new FOLDER=../my-paper
	@$(DENDROFLOW) new "$(FOLDER)"

run: setup  ## run a configuration: figures, database, report
	@$(DENDROFLOW) run --config "$(CONFIG)" --cores $(CORES)

plan: setup  ## say how many points are requested, cached and new, and write the table of points
	@$(DENDROFLOW) plan --config "$(CONFIG)" --cores $(CORES)

audit: setup  ## simulate a random sample of the stored points again, and compare to the last bit
	@$(DENDROFLOW) audit --config "$(CONFIG)" --cores $(CORES)

prune: setup  ## list what no configuration asks for; DELETE=yes removes it; KEEP="other/config.yaml ..." keeps more
	@$(DENDROFLOW) prune --config "$(CONFIG)" $(if $(DELETE),--delete) $(if $(KEEP),--keep $(KEEP))

find: setup  ## find cells of NeuroMorpho.Org: make find QUERY="species=mouse brain_region=CA1"
	@$(DENDROFLOW) find --config "$(CONFIG)" $(QUERY)

##@ To work on dendroflow
test: setup-develop  ## run the tests, but for those of test-slow and test-cluster
	@$(BIN)/python -m pytest -n 3 --dist loadfile

test-slow: setup-develop  ## run the tests that take minutes: kills at every stage, full disks, damaged files, same bytes
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m slow

test-cluster: setup-develop  ## install SLURM, and run sweeps on a private one of two nodes
	@sh tests/cluster/install.sh
	@DENDROFLOW_TEST_CLUSTER=1 $(BIN)/python -m pytest tests/cluster

bench: setup-develop  ## measure against what people write without it; rewrite docs/benchmarks.md (half an hour)
	@$(BIN)/python tests/benchmarks/run.py rivals
	@$(BIN)/python tests/benchmarks/run.py scale
	@$(BIN)/python tests/benchmarks/run.py proof
	@$(BIN)/python tests/benchmarks/layer5.py

fuzz: setup-develop  ## throw 10,000 damaged inputs at each reader (some ten minutes)
	@$(BIN)/python tests/fuzz/campaign.py

lint: setup-develop  ## check style, types and the workflow
	@$(BIN)/ruff format --check . && $(BIN)/ruff check .
	@$(BIN)/snakefmt --check Snakefile rules template/Snakefile workflow/Snakefile
	@$(BIN)/mypy
	@$(BIN)/snakemake --lint

format: setup-develop  ## rewrite files in the project's style
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .
	@$(BIN)/snakefmt Snakefile rules template/Snakefile workflow/Snakefile

docs: setup-develop  ## rewrite the generated pages
	@PYTHONPATH=scripts $(BIN)/python docs/generate.py --write

site: setup-develop  ## build the documentation as a site with search, into site/
	@$(BIN)/sphinx-build -q -W --keep-going -b html docs site
	@echo "site/index.html"

lock: setup-develop  ## pin the newest packages that envs/*.in admit
	@cd envs && $(COMPILE) runtime.in -o runtime.txt
	@cd envs && $(COMPILE) -c runtime.txt test.in -o test.txt
	@cd envs && $(COMPILE) -c runtime.txt -c test.txt develop.in -o develop.txt
	@$(BIN)/python envs/conda.py

audit-lock: setup-develop  ## look the pinned packages up among known vulnerabilities (needs a network)
	@$(BIN)/uv tool run pip-audit --strict --require-hashes --disable-pip -r envs/runtime.txt

##@ To clean up
clean:  ## remove the results (not the environment)
	rm -rf results .snakemake
