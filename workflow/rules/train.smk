"""Each grid point and seed: training, test distances, metrics, curves."""


rule train:
    input:
        # ancient: to verify or store the same data again is no reason to train
        # again. What changes the data comes with new pairs.
        images=ancient(rules.partition.output.images),
        verified=ancient(rules.verify_pairs.output.counts),
        checkpoint=checkpoint_inputs,
        pairs=rules.make_pairs.output.A,
    output:
        model=f"{POINT}/model.keras",
        history=f"{POINT}/history.csv",
    log:
        f"logs/{{split}}train/{GRID}.log",
    benchmark:
        f"benchmarks/{{split}}train/{GRID}.tsv"
    conda:
        "../../environment.yml"
    threads: 3
    resources:
        gpu=1,
        mem_mb=1500,
    params:
        filters=lambda wildcards: config["sizes"][wildcards.size],
        margin=config["margin"],
        precision=config["precision"],
        code=code_of("train.py"),
    message:
        "Training {wildcards.split}{wildcards.size}, L2 {wildcards.l2}, batch size {wildcards.batch_size}, {wildcards.epochs} epochs, seed {wildcards.seed}"
    script:
        "../scripts/train.py"


rule embed:
    input:
        images=ancient(rules.partition.output.images),
        model=rules.train.output.model,
        A=rules.make_pairs.output.A,
        B=rules.make_pairs.output.B,
        crossed=rules.cross_pairs.output.crossed,
    output:
        distances=f"{POINT}/distances.npz",
    log:
        f"logs/{{split}}embed/{GRID}.log",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=1500,
    params:
        code=code_of("embed.py"),
    message:
        "Embedding with {wildcards.split}{wildcards.size}, L2 {wildcards.l2}, batch size {wildcards.batch_size}, {wildcards.epochs} epochs, seed {wildcards.seed}"
    script:
        "../scripts/embed.py"


rule evaluate:
    input:
        distances=rules.embed.output.distances,
        A=rules.make_pairs.output.A,
        B=rules.make_pairs.output.B,
        crossed=rules.cross_pairs.output.crossed,
    output:
        metrics=f"{POINT}/metrics.json",
    log:
        f"logs/{{split}}evaluate/{GRID}.log",
    conda:
        "../../environment.yml"
    params:
        threshold=config["threshold"],
        margin=config["margin"],
        code=code_of("evaluate.py"),
    message:
        "Evaluating {wildcards.split}{wildcards.size}, L2 {wildcards.l2}, batch size {wildcards.batch_size}, {wildcards.epochs} epochs, seed {wildcards.seed}"
    script:
        "../scripts/evaluate.py"


rule evaluate_baselines:
    input:
        images=ancient(rules.partition.output.images),
        # ancient: a gate.
        verified=ancient(rules.verify_pairs.output.counts),
        A=rules.make_pairs.output.A,
        B=rules.make_pairs.output.B,
        crossed=rules.cross_pairs.output.crossed,
    output:
        metrics="results/{split}baselines/seed~{seed}/metrics.json",
    log:
        "logs/{split}evaluate_baselines/seed~{seed}.log",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=2500,
    params:
        sizes=config["sizes"],
        margin=config["margin"],
        code=code_of("evaluate_baselines.py"),
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
        report(
            f"{POINT}/curves.png",
            caption="../report/curves.rst",
            category="Training curves",
            labels={
                "split": "{split}",
                "size": "{size}",
                "L2": "{l2}",
                "batch size": "{batch_size}",
                "epochs": "{epochs}",
                "seed": "{seed}",
            },
        ),
    log:
        f"logs/{{split}}plot_curves/{GRID}.log",
    conda:
        "../../environment.yml"
    params:
        setting=setting_name,
        code=code_of("plot_curves.py"),
    message:
        "Drawing the curves of {wildcards.split}{wildcards.size}, L2 {wildcards.l2}, batch size {wildcards.batch_size}, {wildcards.epochs} epochs, seed {wildcards.seed}"
    script:
        "../scripts/plot_curves.py"
