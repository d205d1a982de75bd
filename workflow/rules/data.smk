"""From the data set's files to verified pairs."""

IDX_FILES = study.data_files


localrules:
    download,
    partition,


rule download:
    output:
        files=IDX_FILES,
    log:
        "logs/download.log",
    conda:
        "../envs/study.yaml"
    resources:
        **needs(),
    params:
        sha256s=dict(study.config.dataset.files),
        # As a function of output it is no trigger: the digests decide what the
        # data is, not where it comes from. The same goes for the script.
        sources=lambda wildcards, output: study.sources,
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
        "../envs/study.yaml"
    resources:
        **needs(),
    params:
        sha256s=dict(study.config.dataset.files),
        sets=study.sets(""),
        images_per_class=study.config.dataset.images_per_class,
        code=code_of("partition.py"),
    message:
        "Putting every image into set A or B"
    script:
        "../scripts/partition.py"


rule make_pairs:
    input:
        table=rules.partition.output.table,
    output:
        A="results/{split}pairs/seed~{seed}/A.csv",
        B="results/{split}pairs/seed~{seed}/B.csv",
    log:
        "logs/{split}make_pairs/seed~{seed}.log",
    conda:
        "../envs/study.yaml"
    resources:
        **needs(),
    params:
        sets=lambda wildcards: study.sets(wildcards.split),
        split_by=lambda wildcards: study.way(wildcards.split),
        images_per_class=study.config.pairs.images_per_class,
        parts=lambda wildcards: study.parts(wildcards.split),
        code=code_of("make_pairs.py"),
    message:
        "Making the pairs of {wildcards.split}seed {wildcards.seed}"
    script:
        "../scripts/make_pairs.py"


rule cross_pairs:
    input:
        A=rules.make_pairs.output.A,
        B=rules.make_pairs.output.B,
    output:
        crossed="results/{split}pairs/seed~{seed}/crossed.csv",
    log:
        "logs/{split}cross_pairs/seed~{seed}.log",
    conda:
        "../envs/study.yaml"
    resources:
        **needs(),
    params:
        code=code_of("cross_pairs.py"),
    message:
        "Making the pairs across A and B of {wildcards.split}seed {wildcards.seed}"
    script:
        "../scripts/cross_pairs.py"


rule verify_pairs:
    input:
        originals=IDX_FILES,
        # ancient: 55 MB need no checksum; any change of it comes with new pairs.
        images=ancient(rules.partition.output.images),
        A=rules.make_pairs.output.A,
        B=rules.make_pairs.output.B,
        crossed=rules.cross_pairs.output.crossed,
    output:
        counts="results/{split}verification/seed~{seed}/pairs.json",
    log:
        "logs/{split}verify_pairs/seed~{seed}.log",
    conda:
        "../envs/study.yaml"
    resources:
        **needs(),
    params:
        sha256s=dict(study.config.dataset.files),
        sets=lambda wildcards: study.sets(wildcards.split),
        split_by=lambda wildcards: study.way(wildcards.split),
        expected=lambda wildcards: study.pair_counts(wildcards.split),
        code=code_of("verify_pairs.py"),
    message:
        "Checking every pair of {wildcards.split}seed {wildcards.seed} against the originals"
    script:
        "../scripts/verify_pairs.py"


rule draw_pairs:
    input:
        images=ancient(rules.partition.output.images),
        A=rules.make_pairs.output.A,
        B=rules.make_pairs.output.B,
    output:
        figure=report(
            "results/{split}verification/seed~{seed}/pairs.png",
            caption="../report/pairs.rst",
            category="Verification",
            labels={"seed": "{split}{seed}", "figure": "random pairs"},
        ),
    log:
        "logs/{split}draw_pairs/seed~{seed}.log",
    conda:
        "../envs/study.yaml"
    resources:
        **needs(),
    params:
        # A function, or {braces} in a name would be wildcards.
        names=lambda wildcards: list(study.config.dataset.classes),
        code=code_of("draw_pairs.py"),
    message:
        "Drawing random pairs of {wildcards.split}seed {wildcards.seed}"
    script:
        "../scripts/draw_pairs.py"


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
        "../envs/study.yaml"
    resources:
        **needs(),
    params:
        losses=study.losses,
        code=code_of("verify_loss.py"),
    message:
        "Checking the loss against NumPy"
    script:
        "../scripts/verify_loss.py"
