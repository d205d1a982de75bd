"""From the data set's files to verified pairs."""

IDX_FILES = [f"resources/fashion_mnist/{name}" for name in config["dataset"]["files"]]


localrules:
    download,


rule download:
    output:
        IDX_FILES,
    log:
        "logs/download.log",
    conda:
        "../../environment.yml"
    params:
        sha256s=config["dataset"]["files"],
        # As a function of output it is no trigger: the digests decide what the
        # data is, not where it comes from. The same goes for the script.
        sources=lambda wildcards, output: config["dataset"]["sources"],
    message:
        "Fetching Fashion-MNIST"
    script:
        "../scripts/download.py"


rule partition:
    input:
        IDX_FILES,
    output:
        images="results/dataset/images.npy",
        labels="results/dataset/labels.npy",
        table="results/dataset/partition.csv",
    log:
        "logs/partition.log",
    conda:
        "../../environment.yml"
    params:
        sha256s=config["dataset"]["files"],
        sets=config["sets"],
        images_per_class=config["dataset"]["images_per_class"],
        code=code_of("partition.py"),
    message:
        "Putting every image into set A or B"
    script:
        "../scripts/partition.py"


rule make_pairs:
    input:
        table=rules.partition.output.table,
    output:
        A="results/pairs/seed~{seed}/A.csv",
        B="results/pairs/seed~{seed}/B.csv",
    log:
        "logs/make_pairs/seed~{seed}.log",
    conda:
        "../../environment.yml"
    params:
        **config["pairs"],
        code=code_of("make_pairs.py"),
    message:
        "Making the pairs of seed {wildcards.seed}"
    script:
        "../scripts/make_pairs.py"


rule verify_pairs:
    input:
        originals=IDX_FILES,
        # ancient: 55 MB need no checksum; any change of it comes with new pairs.
        images=ancient(rules.partition.output.images),
        A=rules.make_pairs.output.A,
        B=rules.make_pairs.output.B,
    output:
        counts="results/verification/seed~{seed}/pairs.json",
        figure=report(
            "results/verification/seed~{seed}/pairs.png",
            caption="../report/pairs.rst",
            category="Verification",
            labels={"seed": "{seed}", "figure": "random pairs"},
        ),
    log:
        "logs/verify_pairs/seed~{seed}.log",
    conda:
        "../../environment.yml"
    params:
        sha256s=config["dataset"]["files"],
        sets=config["sets"],
        names=config["dataset"]["classes"],
        expected={"A": split_sizes(), "B": {"test": count_pairs("B")}},
        code=code_of("verify_pairs.py"),
    message:
        "Checking every pair of seed {wildcards.seed} against the originals"
    script:
        "../scripts/verify_pairs.py"


rule verify_loss:
    output:
        text=report(
            "results/verification/loss.txt",
            caption="../report/loss.rst",
            category="Verification",
            labels={"seed": "any", "figure": "contrastive loss"},
        ),
        values="results/verification/loss.json",
    log:
        "logs/verify_loss.log",
    conda:
        "../../environment.yml"
    params:
        margin=config["margin"],
        code=code_of("verify_loss.py"),
    message:
        "Checking the contrastive loss against NumPy"
    script:
        "../scripts/verify_loss.py"
