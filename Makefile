# make run     the study: summary table and figure in results/summary
# make test    all tests
# make lint    formatting and style, as checked before each change
# make audit   whether a pinned package has a known hole; part of lint, skipped
#              without a network
# make bench   the plain program, this workflow and the floor under both (7 minutes;
#              all 64 grid points with ARGS=--full: hours)
# make report  report.html of a finished study
# make verify  all files of a study against the checksums that its jobs recorded
# make clean   the environment and all that a run made, but not the data set
#
# CORES=8 GPUS=2 ARGS="--configfile config/quick.yaml" are passed to snakemake
# (to verify only ARGS="--directory quick");
# CUDA=1 installs TensorFlow's CUDA build; PYTHON=/path/to/python chooses one.

CORES ?= 4
GPUS ?= 1
ARGS ?=
PYTHON ?= python3 python3.13 python3.12 python3.11
LOCK := requirements$(if $(CUDA),-cuda,).txt
READY := .venv/ready-$(LOCK)
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: run test lint audit bench report verify clean lock

run: $(READY)
	snakemake --cores $(CORES) --resources gpu=$(GPUS) $(ARGS) $$([ -t 2 ] && echo --logger rich)

test: $(READY)
	python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(READY)
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile workflow/rules
	snakemake --lint
	$(MAKE) --no-print-directory audit

audit: $(READY)
	python .ci/audit.py requirements.txt

bench: $(READY)
	python bench/run.py $(ARGS)

report: $(READY)
	snakemake --cores 1 --report report.html $(ARGS)

verify: $(READY)
	python workflow/verify.py $(ARGS)

# Removed, not cleared: `venv --clear` would empty what a link .venv points to.
# Compiling the bytecode here halves every start of TensorFlow later on.
$(READY): $(LOCK)
	@for python in $(PYTHON); do \
	  found="$$found $$python ($$($$python --version 2>&1 | head -n 1))"; \
	  if $$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then \
	    echo "Creating .venv with $$python" && \
	    rm -rf .venv && $$python -m venv .venv && \
	    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK) && \
	    { .venv/bin/python -m compileall -q -j 0 .venv/lib >/dev/null || true; } && \
	    touch $@; exit; \
	  fi; \
	done; \
	echo "Error: Python: found$$found, expected 3.11 to 3.13, for which TensorFlow has wheels; install one, or name it: make PYTHON=/path/to/python" >&2; exit 1

# Needs uv. Hashes are those of PyPI, whichever index is asked.
COMPILE := uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet

lock:
	$(COMPILE) requirements.in -o requirements.txt
	echo 'tensorflow[and-cuda]' | $(COMPILE) requirements.in - -c requirements.txt -o requirements-cuda.txt
	sed -i '/^      - /d' environment.yml
	sed -nE 's/^([a-z0-9-]+==.*) \\$$/      - "\1"/p' requirements.txt >> environment.yml

clean:
	rm -rf .venv .snakemake logs benchmarks bench/output report.html
	find results -mindepth 1 ! -name README.md -delete
