"""Each grid point and seed: training, test distances, metrics, curves."""


use rule job as train with:
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
        f"<logs>/{{protocol}}train/{POINT}.log",
    benchmark:
        f"<benchmarks>/{{protocol}}train/{POINT}.tsv"
    threads: training_threads()
    resources:
        **needs(minutes=30, mem_mb=3000, gpu=1, growth=study.settings.growth),
    params:
        **script_of("train.py"),
        setting=lambda wildcards: study.settings.at(wildcards),
        pose=lambda wildcards: study.training_pose(wildcards),
        network_code=network_code,
    message:
        "Training {wildcards.protocol}{wildcards.size}, L2 {wildcards.l2}, batch size {wildcards.batch_size}, {wildcards.epochs} epochs{wildcards.further}, seed {wildcards.seed}"


use rule job as embed with:
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
        f"<logs>/{{protocol}}embed/{POINT}.log",
    resources:
        **needs(growth=study.settings.growth),
    params:
        **script_of("embed.py"),
        **POSES,
        network=lambda wildcards: study.settings.at(wildcards)["network"],
        whitening=lambda wildcards: study.settings.at(wildcards)["whitening"],
        pose=lambda wildcards: study.training_pose(wildcards),
        copies=study.config.random_poses.copies,
        network_code=network_code,
    message:
        "Embedding with {wildcards.protocol}{wildcards.size}, L2 {wildcards.l2}, batch size {wildcards.batch_size}, {wildcards.epochs} epochs{wildcards.further}, seed {wildcards.seed}"


use rule job as evaluate with:
    input:
        distances=rules.embed.output.distances,
        A=rules.make_pairs.output.A,
        B=rules.make_pairs.output.B,
        crossed=rules.cross_pairs.output.crossed,
    output:
        metrics=f"{POINT_FOLDER}/metrics.json",
    log:
        f"<logs>/{{protocol}}evaluate/{POINT}.log",
    resources:
        **needs(minutes=1),
    params:
        **script_of("evaluate.py"),
        **POSES,
        threshold=lambda wildcards: study.thresholds.of(study.settings.at(wildcards)),
        margin=lambda wildcards: study.settings.at(wildcards)["margin"],
    message:
        "Evaluating {wildcards.protocol}{wildcards.size}, L2 {wildcards.l2}, batch size {wildcards.batch_size}, {wildcards.epochs} epochs{wildcards.further}, seed {wildcards.seed}"


use rule job as evaluate_baselines with:
    input:
        images=ancient(rules.partition.output.images),
        digest=rules.partition.output.digest,
        # ancient: a gate.
        verified=ancient(rules.verify_pairs.output.counts),
        A=rules.make_pairs.output.A,
        B=rules.make_pairs.output.B,
        crossed=rules.cross_pairs.output.crossed,
    output:
        metrics="<results>/{protocol}baselines/seed~{seed}/metrics.json",
    log:
        "<logs>/{protocol}evaluate_baselines/seed~{seed}.log",
    resources:
        **needs(
            minutes=10,
            mem_mb=3000,
            growth=lambda wildcards: study.settings.largest_growth,
        ),
    params:
        **script_of("evaluate_baselines.py"),
        **POSES,
        sizes=dict(study.config.sizes),
        margin=study.config.margin,
        pose=study.random_pose,
        copies=study.config.random_poses.copies,
        thresholds=lambda wildcards: study.thresholds.of_baselines,
        network_code=code_of("siamese/model/networks/published.py"),
    message:
        "Evaluating baselines on the pairs of {wildcards.protocol}seed {wildcards.seed}"


use rule job as plot_curves with:
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
                labels=lambda wildcards: study.labels(wildcards),
            )
        ),
        svg=f"{POINT_FOLDER}/curves.svg",
    log:
        f"<logs>/{{protocol}}plot_curves/{POINT}.log",
    resources:
        **needs(minutes=1),
    params:
        **script_of("plot_curves.py"),
        # A function, or {braces} in a name would be wildcards.
        title=lambda wildcards: study.settings.describe(wildcards),
    message:
        "Drawing the curves of {wildcards.protocol}{wildcards.size}, L2 {wildcards.l2}, batch size {wildcards.batch_size}, {wildcards.epochs} epochs{wildcards.further}, seed {wildcards.seed}"
