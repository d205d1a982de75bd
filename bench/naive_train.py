"""Rule train of naive.smk: one grid point from scratch."""

import contextlib

from plain import read_data, train

with open(snakemake.log[0], "w") as log, contextlib.redirect_stdout(log):
    data = read_data(snakemake.input[0], ("train", "validation"))
    train(snakemake.params.point, data).save(snakemake.output[0])
