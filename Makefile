# make run, verify, compare, compare-images, pin: the commands of workflow/study.py;
#   run takes all of this machine, or CORES=8 GPUS=2 (trainings at a time).
# make report: report.html of a finished study.
# make test, test-faults (and in a browser), test-all (both), test-root (a small disk),
#   test-cluster (Slurm, which it installs; as root), lint; TESTS=tests/unit chooses.
# make figures, reference (both of the documents), bench; audit, lock (with uv); clean.
# ARGS="-n" goes to the command. CUDA=1 adds TensorFlow's CUDA libraries to .venv, which
#   PYTHON=/path/to/python makes, or the first of 3.11 to 3.13 on PATH.
RUNTIME := .venv/ready-requirements$(if $(filter 1,$(CUDA)),-cuda).txt
DEVELOPMENT := .venv/ready-requirements-dev.txt
INSTALL = .venv/bin/python -m pip install -qq --require-hashes -r $<
SUITABLE = import ensurepip, sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
LOCK = uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet
export PATH := $(CURDIR)/.venv/bin:$(PATH)
unexport PIP_USER PIP_TARGET PIP_PREFIX $(filter PYTHON%,$(.VARIABLES))
.PHONY: run verify compare compare-images pin report figures reference bench test test-faults test-root test-all test-cluster lint audit lock clean

run: $(RUNTIME)
	@python workflow/study.py run --cores "$(CORES)" --gpus "$(GPUS)" $(ARGS)
verify compare compare-images pin: $(RUNTIME)
	@python workflow/study.py $@ $(ARGS)
report: $(RUNTIME)
	python -m snakemake --cores 1 --report report.html $(ARGS)
figures reference: $(RUNTIME)
	python docs/$@.py $(ARGS)
bench: $(RUNTIME)
	python bench/run.py $(ARGS)

test: KIND = not (faults or browser or root)
test-faults: KIND = (faults or browser) and not root
test-root: KIND = root
test test-faults test-root: $(DEVELOPMENT)
	python -m pytest -m "$(KIND)" --ignore tests/cluster -n auto --dist loadfile $(ARGS) $(TESTS)
test-all: test test-faults
test-cluster: $(DEVELOPMENT)
	python tests/cluster/slurm_cluster.py install && python -m pytest $(ARGS) tests/cluster
lint: $(DEVELOPMENT)
	python -m ruff check . && python -m ruff format --check .
	PYTHONPATH=workflow/scripts lint-imports --no-logo --no-cache
	python -m snakefmt --check --compact-diff Snakefile workflow && python -m snakemake --lint

.venv/ready-requirements.txt: PATH := $(subst $(CURDIR)/.venv/bin:,,$(PATH))
.venv/ready-requirements.txt: requirements.txt
	@for python in $(if $(PYTHON),'$(PYTHON)',python3 python3.13 python3.12 python3.11); do \
	  "$$python" -c "$(SUITABLE)" 2>/dev/null || continue; \
	  echo "Making .venv, which takes minutes"; rm -rf .venv && "$$python" -m venv .venv && $(INSTALL) && \
	  TF_CPP_MIN_LOG_LEVEL=1 .venv/bin/python -c "import snakemake, tensorflow" && touch $@; exit; done; \
	echo "Error: found no Python 3.11 to 3.13 with ensurepip (Debian: python3-venv); install one, or name it: make PYTHON=/path/to/python" >&2; exit 1
.venv/ready-requirements-%.txt: requirements-%.txt .venv/ready-requirements.txt
	$(INSTALL) && touch $@
audit:
	uvx pip-audit==2.10.1 --require-hashes --disable-pip -r requirements-cuda.txt -r requirements-dev.txt
lock:
	$(LOCK) requirements.in -o requirements.txt
	$(LOCK) requirements-dev.in -c requirements.txt -o requirements-dev.txt
	echo 'tensorflow[and-cuda]' | $(LOCK) requirements.in - -c requirements.txt -o requirements-cuda.txt
	sed -i '/^      - /d' workflow/envs/study.yaml
	sed -nE 's/^([a-z0-9-]+==.*) \\$$/      - "\1"/p' requirements.txt >> workflow/envs/study.yaml
clean:
	git clean -fdXq .venv .snakemake logs benchmarks bench/output report.html results
