"""The script of every rule: it runs the one that the param `script` names as a job."""

import os
import runpy

from siamese.job import run

path = os.path.join(snakemake.scriptdir, snakemake.params.script)
run(runpy.run_path(path)["main"], snakemake)
