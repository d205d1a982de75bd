# The report's procedure put into Snakemake as it is: variant (b) of the
# benchmark. Pairs as float32 pixels, every grid point from scratch, one job that
# evaluates all.

NAMES = [str(number) for number in range(len(config["points"]))]


rule all:
    input:
        "results.csv",


rule pairs:
    output:
        "pairs.npz",
    params:
        data=config["data"],
    script:
        "naive_pairs.py"


rule train:
    input:
        "pairs.npz",
    output:
        "models/{number}.keras",
    log:
        "logs/{number}.log",
    threads: 3
    resources:
        gpu=1,
    params:
        point=lambda wildcards: config["points"][int(wildcards.number)],
    script:
        "naive_train.py"


rule evaluate:
    input:
        pairs="pairs.npz",
        models=expand("models/{number}.keras", number=NAMES),
    output:
        "results.csv",
    params:
        points=config["points"],
    script:
        "naive_evaluate.py"
