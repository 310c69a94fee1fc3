# Tools are called as `.venv/bin/python -m TOOL`, with paths relative to this folder, so that a folder
# with a space or an accent in its name works too.

ARGS ?=
NAME ?=
PYTHON ?=
VENV := .venv
EXTRAS := slurm bench arviz nuts adapters crate
# What is compiled is kept, whatever the environment says: every job would compile it anew.
RUN := PYTHONDONTWRITEBYTECODE= PATH="$$PWD/$(VENV)/bin:$$PATH" $(VENV)/bin/python

.PHONY: run test setup extra check lock clean help
.DEFAULT_GOAL := run

run: setup  ## regenerate every result (the default); ARGS="..." goes to snakemake
	@$(RUN) -m snakemake $(ARGS)

# One thread of linear algebra for each process: two that share the cores wait for each other.
test: setup  ## run the tests, as many at once as there are cores; ARGS="..." goes to pytest
	@OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(RUN) -m pytest --numprocesses auto --dist loadfile $(ARGS)

# Done when .venv holds a copy of this very lock, which is written last, and its interpreter still runs:
# an interrupted set-up, a changed lock or a removed Python is noticed, a touched file is not.
setup:  ## make .venv from requirements.lock, once; PYTHON=... names the interpreter
	@set -e; \
	if cmp -s requirements.lock $(VENV)/requirements.lock && $(VENV)/bin/python -c "" 2>/dev/null; \
	then exit 0; fi; \
	for python in $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11) none; do \
	  if "$$python" -c "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))"; then break; fi; \
	done 2>/dev/null; \
	if [ "$$python" = none ]; then \
	  echo "Python 3.11 or later with its venv module is needed but was not found (on Debian: apt" \
	    "install python3-venv); name another interpreter with: make PYTHON=/path/to/python3.12" >&2; \
	  exit 1; \
	fi; \
	echo "Setting up $(VENV) from requirements.lock with $$("$$python" --version) (once; about a minute)"; \
	"$$python" -m venv --clear $(VENV); \
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --use-pep517 \
	  --require-hashes --requirement requirements.lock; \
	cp requirements.lock $(VENV)/requirements.lock

extra: setup  ## add optional packages to .venv; NAME=slurm, bench, arviz, nuts, adapters or crate
	@if ! [ -f "requirements-$(NAME).lock" ]; then \
	  echo "There is no extra called '$(NAME)'; the extras are: $(EXTRAS) (make extra NAME=slurm)" >&2; \
	  exit 1; \
	fi
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check \
	  --require-hashes --requirement "requirements-$(NAME).lock"

check: setup  ## check style and workflow: ruff, snakefmt, snakemake --lint
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m snakefmt --check Snakefile workflow
	$(RUN) .ci/lint

# The versions of the default installation come first; one that serves all extras at once is found
# next, and the lock of each extra is its share of that. So all locks install together, in any order.
lock:  ## write all lock files anew from pyproject.toml (needs uv)
	@set -e; compile() { \
	  uv pip compile --universal --python-version 3.11 --generate-hashes --no-config \
	    --custom-compile-command "make lock" --quiet "$$@"; \
	}; \
	compile pyproject.toml --group dev --output-file requirements.lock; \
	together=$$(mktemp); trap 'rm -f "$$together"' EXIT; \
	compile pyproject.toml --group dev $(EXTRAS:%=--group %) --constraints requirements.lock \
	  --output-file "$$together"; \
	for name in $(EXTRAS); do \
	  compile --group "$$name" --constraints "$$together" --no-annotate \
	    --output-file "requirements-$$name.lock"; \
	done

clean:  ## remove the results (and nothing else)
	rm -rf results

help:  ## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-6s %s\n", $$1, $$2}' Makefile
