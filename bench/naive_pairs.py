"""Rule pairs of naive.smk: all pairs as float32 pixels in one file."""

from pathlib import Path

import numpy as np
from plain import make_data

arrays = {}
for name, ((left, right), same) in make_data(Path(snakemake.params.data)).items():
    arrays |= {f"{name}_left": left, f"{name}_right": right, f"{name}_same": same}
np.savez(snakemake.output[0], **arrays)
