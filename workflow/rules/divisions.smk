"""Settings over several divisions of the classes, for studies that have them."""

DEVELOPMENT = study.paths.development


use rule job as compare_divisions with:
    input:
        table=rules.summarise.output.table,
        development=local(os.path.relpath(DEVELOPMENT)) if DEVELOPMENT else [],
    output:
        table=shown("<results>/summary/divisions.csv", "Divisions", "table"),
        text="<results>/summary/divisions.md",
    log:
        "<logs>/compare_divisions.log",
    params:
        **script_of("compare_divisions.py"),
        templates=template_digests("divisions.md.j2"),
        split_by=study.split_by,
        own=lambda wildcards: study.classes.sets["B"],
        sizes=dict(study.config.sizes),
        development=digest(DEVELOPMENT) if DEVELOPMENT else None,
        metric=study.config.divisions.metric,
    message:
        "Comparing settings over divisions of the classes"


use rule job as plot_divisions with:
    input:
        table=rules.summarise.output.table,
    output:
        png=shown("<results>/summary/divisions.png", "Divisions", "figure"),
        svg="<results>/summary/divisions.svg",
    log:
        "<logs>/plot_divisions.log",
    params:
        **script_of("plot_divisions.py"),
        split_by=study.split_by,
        metric=study.config.divisions.metric,
    message:
        "Drawing settings over divisions of the classes"


if len(study.classes.divisions) > 1:
    RESULTS += [*rules.compare_divisions.output, *rules.plot_divisions.output]
