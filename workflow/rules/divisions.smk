"""Settings over several divisions of the classes, for studies that have them."""

DEVELOPMENT = study.paths.development


rule compare_divisions:
    input:
        table=rules.summarise.output.table,
    output:
        table=report(
            "<results>/summary/divisions.csv",
            caption="../report/divisions.rst",
            category="Divisions",
            labels={"result": "table"},
        ),
        text="<results>/summary/divisions.md",
    log:
        "<logs>/compare_divisions.log",
    conda:
        "../envs/study.yaml"
    resources:
        **needs(),
    params:
        split_by=study.split_by,
        own=lambda wildcards: study.classes.sets["B"],
        metric=study.config.choice.metric,
        code=code_of("compare_divisions.py"),
    message:
        "Comparing settings over divisions of the classes"
    script:
        "../scripts/compare_divisions.py"


rule plot_divisions:
    input:
        table=rules.summarise.output.table,
    output:
        png=report(
            "<results>/summary/divisions.png",
            caption="../report/divisions.rst",
            category="Divisions",
            labels={"result": "figure"},
        ),
        svg="<results>/summary/divisions.svg",
    log:
        "<logs>/plot_divisions.log",
    conda:
        "../envs/study.yaml"
    resources:
        **needs(),
    params:
        split_by=study.split_by,
        metric=study.config.choice.metric,
        code=code_of("plot_divisions.py"),
    message:
        "Drawing settings over divisions of the classes"
    script:
        "../scripts/plot_divisions.py"


rule compare_development:
    input:
        development=local(os.path.relpath(DEVELOPMENT)) if DEVELOPMENT else [],
        judged=rules.compare_divisions.output.table,
    output:
        table=report(
            "<results>/summary/development.csv",
            caption="../report/development.rst",
            category="Divisions",
            labels={"result": "development"},
        ),
        text="<results>/summary/development.md",
    log:
        "<logs>/compare_development.log",
    conda:
        "../envs/study.yaml"
    resources:
        **needs(),
    params:
        development=digest(DEVELOPMENT) if DEVELOPMENT else None,
        metric=study.config.choice.metric,
        sizes=dict(study.config.sizes),
        code=code_of("compare_development.py"),
    message:
        "Comparing with the divisions of development"
    script:
        "../scripts/compare_development.py"
