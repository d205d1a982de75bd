"""From the data set's files to verified pairs."""

# The files that are fetched, or the folder that the user has.
ORIGINALS = study.paths.data_files or [
    ancient(local(os.path.relpath(study.paths.image_folder)))
]


localrules:
    download,
    partition,


rule download:
    output:
        files=study.paths.data_files,
    log:
        "<logs>/download.log",
    conda:
        "../envs/study.yaml"
    resources:
        **needs(),
    params:
        format=study.config.dataset.format,
        sha256s=dict(study.config.dataset.files),
        # As a function of output it is no trigger: the digests decide what the
        # data is, not where it comes from. The same goes for the script.
        sources=lambda wildcards, output: study.paths.sources,
    message:
        f"Fetching {study.config.dataset.name}"
    script:
        "../scripts/download.py"


rule partition:
    input:
        files=ORIGINALS,
    output:
        images="<results>/dataset/images.npy",
        digest="<results>/dataset/images.sha256",
        labels="<results>/dataset/labels.npy",
        table="<results>/dataset/partition.csv",
        description="<results>/dataset/dataset.json",
    log:
        "<logs>/partition.log",
    conda:
        "../envs/study.yaml"
    resources:
        **needs(),
    params:
        # A function, or {braces} in a name would be wildcards.
        dataset=lambda wildcards: study.reading,
        # Of a folder, which Snakemake does not look into.
        files=lambda wildcards: study.files_digest,
        sets=study.classes.sets,
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
        A="<results>/{split}pairs/seed~{seed}/A.csv",
        B="<results>/{split}pairs/seed~{seed}/B.csv",
    log:
        "<logs>/{split}make_pairs/seed~{seed}.log",
    conda:
        "../envs/study.yaml"
    resources:
        **needs(),
    params:
        sets=lambda wildcards: study.classes.sets_of(wildcards.split),
        fold=lambda wildcards: study.classes.fold_of(wildcards.split),
        pairs=lambda wildcards: study.pair_options(wildcards.split),
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
        crossed="<results>/{split}pairs/seed~{seed}/crossed.csv",
    log:
        "<logs>/{split}cross_pairs/seed~{seed}.log",
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
        originals=ORIGINALS,
        digest=rules.partition.output.digest,
        # ancient: 55 MB need no checksum; any change of it comes with new pairs.
        images=ancient(rules.partition.output.images),
        A=rules.make_pairs.output.A,
        B=rules.make_pairs.output.B,
        crossed=rules.cross_pairs.output.crossed,
    output:
        counts="<results>/{split}verification/seed~{seed}/pairs.json",
    log:
        "<logs>/{split}verify_pairs/seed~{seed}.log",
    conda:
        "../envs/study.yaml"
    resources:
        **needs(),
    params:
        # A function, or {braces} in a name would be wildcards.
        dataset=lambda wildcards: study.reading,
        sets=lambda wildcards: study.classes.sets_of(wildcards.split),
        fold=lambda wildcards: study.classes.fold_of(wildcards.split),
        pairs=lambda wildcards: study.pair_options(wildcards.split),
        code=code_of("verify_pairs.py"),
    message:
        "Checking every pair of {wildcards.split}seed {wildcards.seed} against the originals"
    script:
        "../scripts/verify_pairs.py"


rule draw_pairs:
    input:
        images=ancient(rules.partition.output.images),
        dataset=rules.partition.output.description,
        A=rules.make_pairs.output.A,
        B=rules.make_pairs.output.B,
    output:
        figure=report(
            "<results>/{split}verification/seed~{seed}/pairs.png",
            caption="../report/pairs.rst",
            category="Checks",
            labels={"result": "random pairs", "seed": "{split}{seed}"},
        ),
    log:
        "<logs>/{split}draw_pairs/seed~{seed}.log",
    conda:
        "../envs/study.yaml"
    resources:
        **needs(),
    params:
        code=code_of("draw_pairs.py"),
    message:
        "Drawing random pairs of {wildcards.split}seed {wildcards.seed}"
    script:
        "../scripts/draw_pairs.py"


rule verify_loss:
    output:
        text=report(
            "<results>/verification/loss.txt",
            caption="../report/loss.rst",
            category="Checks",
            labels={"result": "contrastive loss"},
        ),
        values="<results>/verification/loss.json",
    log:
        "<logs>/verify_loss.log",
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
