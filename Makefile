# make run           the study, with all that this machine has: summary table and
#                    figure in results/summary
# make report        report.html of a finished study
# make compare-images A=a.png B=b.png
#                    whether two pictures show the same class, by the model of
#                    results/best, or MODEL=folder, that the target best has made
# make compare A=results/grid/<point> B=results/grid/<point>
#                    two grid points, or two studies, side by side; PAGE=page.html
#                    writes a page too
# make pin           the digest of a data set's files into its config, such as
#                    ARGS="--configfile config/mine.yaml"
# make verify        all files of a study against the checksums its jobs recorded
# make figures       the studies that docs tell of, hours, and from them all pictures
#                    and tables there; ARGS="default replicates" for some
# make bench         a plain program, this workflow, the floor under both, planning
# make test          all tests but those of the next two; no root needed
# make test-root     what needs root: a small disk, another user's files
# make test-cluster  what needs a Slurm cluster: installs Debian's and starts one;
#                    needs root
# make lint          formatting and style
# make audit         whether a pinned package has a known hole; needs uv and a network
# make lock          the requirement files from requirements*.in; needs uv
# make reference     config/config.schema.json and the tables of options, axes and
#                    metrics in the documents, from the code
# make clean         removes the environment and all that a run made, but not the
#                    data set
#
# CORES=8 limits the cores, GPUS=2 the trainings at a time;
# ARGS="--configfile config/quick.yaml" is passed to snakemake (to verify only
# ARGS="--directory quick"), to pytest and to the bench;
# CUDA=1 adds TensorFlow's CUDA libraries; PYTHON=/path/to/python chooses one;
# TESTS=tests/unit chooses tests. They count only on the command line, since a
# variable of such a name may be exported for something else.

CORES =
GPUS =
ARGS =
CUDA = 0
PYTHON =
TESTS = tests
A =
B =
MODEL = results/best
PAGE =
unexport CORES GPUS ARGS CUDA PYTHON TESTS A B MODEL PAGE

# Python does without the user's PYTHONPATH, PYTHONHOME and the like.
unexport $(filter PYTHON%,$(.VARIABLES))
export PYTHONUTF8 := 1
export PATH := $(CURDIR)/.venv/bin:$(PATH)

RUNTIME := .venv/ready-requirements.txt
DEVELOPMENT := .venv/ready-requirements-dev.txt
ifeq ($(CUDA),1)
RUNTIME := .venv/ready-requirements-cuda.txt
else ifneq ($(filter-out 0,$(CUDA)),)
$(error CUDA: found '$(CUDA)', expected 1 for TensorFlow's CUDA libraries, or 0)
endif

# A worker that dies ends the run as a failure: xdist can wait for ever for the one
# that replaces it (pytest-xdist#1323).
PYTEST := python -m pytest --max-worker-restart 0

.PHONY: run report compare compare-images pin verify figures bench test test-root test-cluster lint audit lock reference clean

run: $(RUNTIME)
	@python workflow/launch.py --cores "$(CORES)" --gpus "$(GPUS)" $(ARGS)

report: $(RUNTIME)
	python -m snakemake --cores 1 --report report.html $(ARGS)

compare-images: $(RUNTIME)
	@python workflow/compare_images.py --model '$(MODEL)' '$(A)' '$(B)'

compare: $(RUNTIME)
	@python workflow/compare.py $(if $(PAGE),--page '$(PAGE)') '$(A)' '$(B)'

verify: $(RUNTIME)
	python workflow/verify.py $(ARGS)

pin: $(RUNTIME)
	@python workflow/pin.py $(ARGS)

figures: $(RUNTIME)
	@python docs/figures.py $(ARGS)

bench: $(RUNTIME)
	python bench/run.py $(ARGS)

test: $(DEVELOPMENT)
	$(PYTEST) --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder -m "not root" --ignore tests/cluster $(ARGS) $(TESTS)

test-root: $(DEVELOPMENT)
	$(PYTEST) -m root --ignore tests/cluster $(ARGS) $(TESTS)

test-cluster: $(DEVELOPMENT)
	python tests/cluster/slurm_cluster.py install
	$(PYTEST) $(ARGS) tests/cluster

lint: $(DEVELOPMENT)
	python -m ruff check .
	python -m ruff format --check .
	python -m snakefmt --check --compact-diff Snakefile workflow
	python -m snakemake --lint

# Removed, not cleared: `venv --clear` would empty what a link .venv points to. So the
# Python that makes it is not its own, also where it is activated.
.venv/ready-requirements.txt: PATH := $(subst $(CURDIR)/.venv/bin:,,$(PATH))
.venv/ready-requirements.txt: requirements.txt
	@for python in $(if $(PYTHON),'$(PYTHON)',python3 python3.13 python3.12 python3.11); do \
	  found="$$found $$python ($$("$$python" --version 2>&1 | head -n 1))"; \
	  if "$$python" -c 'import ensurepip, sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then \
	    echo "Creating .venv with $$python" && \
	    rm -rf .venv && "$$python" -m venv .venv && \
	    .venv/bin/python workflow/install.py $< && touch $@; exit; \
	  fi; \
	done; \
	echo "Error: Python: found$$found, expected 3.11 to 3.13, for which TensorFlow has wheels, with the module ensurepip (Debian: apt install python3-venv); install one, or name it: make PYTHON=/path/to/python" >&2; exit 1

# The other locks hold the runtime's, so that they only add to it.
.venv/ready-requirements-%.txt: requirements-%.txt .venv/ready-requirements.txt
	@echo "Adding $< to .venv"
	@.venv/bin/python workflow/install.py $< && touch $@

audit:
	uvx pip-audit==2.10.1 --require-hashes --disable-pip -r requirements-cuda.txt -r requirements-dev.txt

# Hashes are those of PyPI, whichever index is asked.
LOCK := uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet

lock:
	$(LOCK) requirements.in -o requirements.txt
	$(LOCK) requirements-dev.in -c requirements.txt -o requirements-dev.txt
	echo 'tensorflow[and-cuda]' | $(LOCK) requirements.in - -c requirements.txt -o requirements-cuda.txt
	sed -i '/^      - /d' workflow/envs/study.yaml
	sed -nE 's/^([a-z0-9-]+==.*) \\$$/      - "\1"/p' requirements.txt >> workflow/envs/study.yaml

reference: $(RUNTIME)
	python docs/reference.py

clean:
	rm -rf .venv .snakemake logs benchmarks bench/output report.html
	find results -mindepth 1 ! -name README.md -delete
