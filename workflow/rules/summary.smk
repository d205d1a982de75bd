"""All grid points in tables and figures.

What has an entry for each grid point is a function: of the files in a list
Snakemake would look up each in the whole list, which is slow for thousands, and a
cluster's job, which reads the rules again, needs none of it.
"""


rule summarise:
    input:
        metrics=lambda wildcards: point_files(study.points, "metrics.json"),
        baselines=lambda wildcards: run_files(study.points, "baselines", "metrics.json"),
        published=local(os.path.relpath(PUBLISHED)) if PUBLISHED else [],
    output:
        table=report(
            "<results>/summary/summary.csv",
            caption="../report/summary.rst",
            category="Summary",
            labels={"result": "table of all runs"},
        ),
    log:
        "<logs>/summarise.log",
    conda:
        "../envs/study.yaml"
    resources:
        **needs(),
    params:
        points=lambda wildcards: as_records(
            study.points,
            *study.axes,
            "seed",
            "split_by",
            "others",
            *study.classes.division_columns,
        ),
        baseline_points=lambda wildcards: as_records(
            runs_of(study.points), "seed", "split_by", *study.classes.division_columns
        ),
        published=digest(PUBLISHED) if PUBLISHED else None,
        code=code_of("summarise.py"),
    message:
        "Writing the summary"
    script:
        "../scripts/summarise.py"


rule plot_summary:
    input:
        table=rules.summarise.output.table,
    output:
        png=report(
            "<results>/summary/summary.png",
            caption="../report/summary_figure.rst",
            category="Summary",
            labels={"result": "figure"},
        ),
        svg="<results>/summary/summary.svg",
    log:
        "<logs>/plot_summary.log",
    conda:
        "../envs/study.yaml"
    resources:
        **needs(),
    params:
        split_by=study.split_by,
        code=code_of("plot_summary.py"),
    message:
        "Drawing the summary"
    script:
        "../scripts/plot_summary.py"


rule examine_best_setting:
    input:
        table=rules.summarise.output.table,
        distances=lambda wildcards: point_files(study.main_points, "distances.npz"),
        A=lambda wildcards: run_files(study.main_points, "pairs", "A.csv"),
        B=lambda wildcards: run_files(study.main_points, "pairs", "B.csv"),
        dataset=rules.partition.output.description,
    output:
        table=report(
            "<results>/summary/classes.csv",
            caption="../report/classes.rst",
            category="Best setting",
            labels={"result": "table of classes"},
        ),
        classes=report(
            "<results>/summary/classes.png",
            caption="../report/classes.rst",
            category="Best setting",
            labels={"result": "accuracy by classes"},
        ),
        classes_svg="<results>/summary/classes.svg",
        distances=report(
            "<results>/summary/distances.png",
            caption="../report/distances.rst",
            category="Best setting",
            labels={"result": "distances"},
        ),
        distances_svg="<results>/summary/distances.svg",
    log:
        "<logs>/examine_best_setting.log",
    conda:
        "../envs/study.yaml"
    resources:
        **needs(),
    params:
        points=lambda wildcards: as_records(study.main_points, *study.axes, "seed"),
        seeds=lambda wildcards: [run.seed for run in runs_of(study.main_points)],
        thresholds=lambda wildcards: [
            study.thresholds.of(point.values) for point in study.main_points
        ],
        split_by=study.split_by,
        code=code_of("examine_best_setting.py"),
    message:
        "Looking into the best setting"
    script:
        "../scripts/examine_best_setting.py"


rule compare_splits:
    input:
        table=rules.summarise.output.table,
    output:
        table=report(
            "<results>/summary/leakage.csv",
            caption="../report/leakage.rst",
            category="Summary",
            labels={"result": "leakage"},
        ),
        text="<results>/summary/leakage.md",
    log:
        "<logs>/compare_splits.log",
    conda:
        "../envs/study.yaml"
    resources:
        **needs(),
    params:
        code=code_of("compare_splits.py"),
    message:
        "Comparing both ways of splitting A"
    script:
        "../scripts/compare_splits.py"


rule gather_provenance:
    input:
        made=lambda wildcards: before_summary(),
        pins=local(os.path.relpath(PINS)),
    output:
        records="<results>/provenance.json",
        table=report(
            "<results>/summary/made_with.csv",
            caption="../report/made_with.rst",
            category="Checks",
            labels={"result": "table of versions, machines and settings"},
        ),
    log:
        "<logs>/gather_provenance.log",
    conda:
        "../envs/study.yaml"
    resources:
        **needs(),
    params:
        later=lambda wildcards: [
            *map(str, rules.describe_settings.output),
            *map(str, rules.write_overview.output),
        ],
        code=code_of("gather_provenance.py"),
    message:
        "Gathering what the results were made with"
    script:
        "../scripts/gather_provenance.py"


rule describe_settings:
    input:
        table=rules.summarise.output.table,
        made_with=rules.gather_provenance.output.table,
    output:
        table=report(
            "<results>/summary/settings.csv",
            caption="../report/settings.rst",
            category="Summary",
            labels={"result": "table of settings"},
        ),
        text="<results>/summary/summary.md",
    log:
        "<logs>/describe_settings.log",
    conda:
        "../envs/study.yaml"
    resources:
        **needs(),
    params:
        split_by=study.split_by,
        code=code_of("describe_settings.py"),
    message:
        "Describing the settings"
    script:
        "../scripts/describe_settings.py"
