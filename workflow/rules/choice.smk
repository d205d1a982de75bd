"""A setting chosen inside A: a target of its own, since each fold is trained on."""


use rule gather_provenance as gather_choice_provenance with:
    input:
        made=lambda wildcards: [
            *point_files(study.fold_points, "metrics.json"),
            *run_files(study.fold_points, "pairs", "crossed.csv"),
        ],
        pins=local(os.path.relpath(PINS)),
    output:
        records="<results>/choice/provenance.json",
        table=report(
            "<results>/choice/made_with.csv",
            caption="../report/made_with.rst",
            category="Checks",
            labels={"result": "table of versions, machines and settings, choice"},
        ),
    log:
        "<logs>/gather_choice_provenance.log",
    message:
        "Gathering what the choice was made with"


rule rank_settings:
    input:
        metrics=lambda wildcards: point_files(study.fold_points, "metrics.json"),
        table=rules.summarise.output.table,
        made_with=rules.gather_choice_provenance.output.table,
    output:
        folds="<results>/choice/folds.csv",
        table="<results>/choice/settings.csv",
        text=report(
            "<results>/choice/choice.md",
            caption="../report/choice.rst",
            category="Choice without B",
            labels={"result": "text"},
        ),
    log:
        "<logs>/rank_settings.log",
    conda:
        "../envs/study.yaml"
    resources:
        **needs(),
    params:
        points=lambda wildcards: as_records(
            study.fold_points, *study.axes, "seed", "fold"
        ),
        metric=study.config.choice.metric,
        split_by=study.split_by,
        code=code_of("rank_settings.py"),
    message:
        "Ranking the settings by classes left out of A"
    script:
        "../scripts/rank_settings.py"


rule plot_choice:
    input:
        choice=rules.rank_settings.output.table,
        table=rules.summarise.output.table,
    output:
        png=report(
            "<results>/choice/choice.png",
            caption="../report/choice.rst",
            category="Choice without B",
            labels={"result": "figure"},
        ),
        svg="<results>/choice/choice.svg",
    log:
        "<logs>/plot_choice.log",
    conda:
        "../envs/study.yaml"
    resources:
        **needs(),
    params:
        metric=study.config.choice.metric,
        split_by=study.split_by,
        code=code_of("plot_choice.py"),
    message:
        "Drawing the choice"
    script:
        "../scripts/plot_choice.py"


rule choice:
    input:
        # See the rule all.
        lambda wildcards: point_files(study.fold_points, "model.keras", "distances.npz"),
        lambda wildcards: point_files(study.fold_points, "encoder.keras"),
        lambda wildcards: run_files(study.fold_points, "pairs", "A.csv", "B.csv"),
        lambda wildcards: run_files(study.fold_points, "pairs", "crossed.csv"),
        rules.gather_choice_provenance.output,
        rules.rank_settings.output,
        rules.plot_choice.output,
    message:
        f"The choice without B is made: results{study.paths.root}/choice"
