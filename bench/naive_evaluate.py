"""Rule evaluate of naive.smk: all grid points on A, B and joint."""

import pandas as pd
from plain import evaluate, load, read_data

data = read_data(snakemake.input.pairs, ("A", "B"))
rows = [
    {**point, **evaluate(load(path), data)}
    for point, path in zip(snakemake.params.points, snakemake.input.models, strict=True)
]
pd.DataFrame(rows).to_csv(snakemake.output[0], index=False)
