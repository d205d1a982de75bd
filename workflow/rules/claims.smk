"""The published claims, for studies that name a file of claims."""

CLAIMS = study.paths.claims


use rule job as judge_claims with:
    input:
        claims=local(os.path.relpath(CLAIMS or PROJECT / "config/claims.yaml")),
        table=rules.summarise.output.table,
        poses=rules.summarise.output.get("poses", []),
    output:
        table=shown("<results>/summary/claims.csv", "Claims", "table"),
    log:
        "<logs>/judge_claims.log",
    params:
        **script_of("judge_claims.py"),
        claims=lambda wildcards: digest(study.paths.claims),
        split_by=study.split_by,
    message:
        "Judging the claims"


use rule job as plot_claims with:
    input:
        claims=rules.judge_claims.output.table,
        table=rules.summarise.output.table,
    output:
        png=shown("<results>/summary/claims.png", "Claims", "figure"),
        svg="<results>/summary/claims.svg",
        text="<results>/summary/claims.md",
    log:
        "<logs>/plot_claims.log",
    params:
        **script_of("plot_claims.py"),
        templates=template_digests("claims.md.j2"),
        split_by=study.split_by,
    message:
        "Drawing the claims"


if CLAIMS:
    RESULTS += [*rules.judge_claims.output, *rules.plot_claims.output]
