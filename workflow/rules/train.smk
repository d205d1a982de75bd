"""Each grid point and seed: training, test distances, metrics, curves."""


rule train:
    input:
        # ancient: to verify or store the same data again is no reason to train
        # again. What changes a pixel changes the digest.
        images=ancient(rules.partition.output.images),
        digest=rules.partition.output.digest,
        verified=ancient(rules.verify_pairs.output.counts),
        checkpoint=shorter_run,
        pairs=rules.make_pairs.output.A,
    output:
        model=f"{POINT_FOLDER}/model.keras",
        history=f"{POINT_FOLDER}/history.csv",
    log:
        f"<logs>/{{split}}train/{POINT}.log",
    benchmark:
        f"<benchmarks>/{{split}}train/{POINT}.tsv"
    conda:
        "../envs/study.yaml"
    threads: training_threads()
    resources:
        **needs(minutes=30, mem_mb=3000, gpu=1, growth=study.settings.growth),
    params:
        setting=lambda wildcards: study.settings.at(wildcards),
        code=code_of("train.py"),
        network_code=network_code,
    message:
        "Training {wildcards.split}{wildcards.size}, L2 {wildcards.l2}, batch size {wildcards.batch_size}, {wildcards.epochs} epochs{wildcards.others}, seed {wildcards.seed}"
    script:
        "../scripts/train.py"


rule embed:
    input:
        images=ancient(rules.partition.output.images),
        digest=rules.partition.output.digest,
        model=rules.train.output.model,
        A=rules.make_pairs.output.A,
        B=rules.make_pairs.output.B,
        crossed=rules.cross_pairs.output.crossed,
    output:
        distances=f"{POINT_FOLDER}/distances.npz",
        encoder=f"{POINT_FOLDER}/encoder.keras",
    log:
        f"<logs>/{{split}}embed/{POINT}.log",
    conda:
        "../envs/study.yaml"
    resources:
        **needs(growth=study.settings.growth),
    params:
        network=lambda wildcards: study.settings.at(wildcards)["network"],
        whitening=lambda wildcards: study.settings.at(wildcards)["whitening"],
        code=code_of("embed.py"),
        network_code=network_code,
    message:
        "Embedding with {wildcards.split}{wildcards.size}, L2 {wildcards.l2}, batch size {wildcards.batch_size}, {wildcards.epochs} epochs{wildcards.others}, seed {wildcards.seed}"
    script:
        "../scripts/embed.py"


rule evaluate:
    input:
        distances=rules.embed.output.distances,
        A=rules.make_pairs.output.A,
        B=rules.make_pairs.output.B,
        crossed=rules.cross_pairs.output.crossed,
    output:
        metrics=f"{POINT_FOLDER}/metrics.json",
    log:
        f"<logs>/{{split}}evaluate/{POINT}.log",
    conda:
        "../envs/study.yaml"
    resources:
        **needs(minutes=1),
    params:
        threshold=lambda wildcards: study.thresholds.of(study.settings.at(wildcards)),
        margin=lambda wildcards: study.settings.at(wildcards)["margin"],
        code=code_of("evaluate.py"),
    message:
        "Evaluating {wildcards.split}{wildcards.size}, L2 {wildcards.l2}, batch size {wildcards.batch_size}, {wildcards.epochs} epochs{wildcards.others}, seed {wildcards.seed}"
    script:
        "../scripts/evaluate.py"


rule evaluate_baselines:
    input:
        images=ancient(rules.partition.output.images),
        digest=rules.partition.output.digest,
        # ancient: a gate.
        verified=ancient(rules.verify_pairs.output.counts),
        A=rules.make_pairs.output.A,
        B=rules.make_pairs.output.B,
        crossed=rules.cross_pairs.output.crossed,
    output:
        metrics="<results>/{split}baselines/seed~{seed}/metrics.json",
    log:
        "<logs>/{split}evaluate_baselines/seed~{seed}.log",
    conda:
        "../envs/study.yaml"
    resources:
        **needs(
            minutes=10,
            mem_mb=3000,
            growth=lambda wildcards: study.settings.largest_growth,
        ),
    params:
        sizes=dict(study.config.sizes),
        margin=study.config.margin,
        thresholds=lambda wildcards: study.thresholds.of_baselines,
        code=code_of("evaluate_baselines.py"),
        network_code=code_of("siamese/networks/published.py"),
    message:
        "Evaluating baselines on the pairs of {wildcards.split}seed {wildcards.seed}"
    script:
        "../scripts/evaluate_baselines.py"


rule plot_curves:
    input:
        history=rules.train.output.history,
        metrics=rules.evaluate.output.metrics,
        baselines=rules.evaluate_baselines.output.metrics,
    output:
        png=(
            f"{POINT_FOLDER}/curves.png"
            if study.curves_left_out
            else report(
                f"{POINT_FOLDER}/curves.png",
                caption="../report/curves.rst",
                category="Training curves",
                labels=lambda wildcards: study.labels.at(wildcards),
            )
        ),
        svg=f"{POINT_FOLDER}/curves.svg",
    log:
        f"<logs>/{{split}}plot_curves/{POINT}.log",
    conda:
        "../envs/study.yaml"
    resources:
        **needs(minutes=1),
    params:
        # A function, or {braces} in a name would be wildcards.
        setting=lambda wildcards: study.settings.describe(wildcards),
        code=code_of("plot_curves.py"),
    message:
        "Drawing the curves of {wildcards.split}{wildcards.size}, L2 {wildcards.l2}, batch size {wildcards.batch_size}, {wildcards.epochs} epochs{wildcards.others}, seed {wildcards.seed}"
    script:
        "../scripts/plot_curves.py"
