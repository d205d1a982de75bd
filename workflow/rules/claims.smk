"""The published claims, for studies that name a file of claims."""

CLAIMS = study.paths.claims


rule judge_claims:
    input:
        claims=local(os.path.relpath(CLAIMS or PROJECT / "config/claims.yaml")),
        table=rules.summarise.output.table,
    output:
        table=report(
            "<results>/summary/claims.csv",
            caption="../report/claims.rst",
            category="Claims",
            labels={"result": "table"},
        ),
    log:
        "<logs>/judge_claims.log",
    conda:
        "../envs/study.yaml"
    resources:
        **needs(),
    params:
        claims=lambda wildcards: digest(study.paths.claims),
        split_by=study.split_by,
        code=code_of("judge_claims.py"),
    message:
        "Judging the claims"
    script:
        "../scripts/judge_claims.py"


rule plot_claims:
    input:
        claims=rules.judge_claims.output.table,
        table=rules.summarise.output.table,
    output:
        png=report(
            "<results>/summary/claims.png",
            caption="../report/claims.rst",
            category="Claims",
            labels={"result": "figure"},
        ),
        svg="<results>/summary/claims.svg",
        text="<results>/summary/claims.md",
    log:
        "<logs>/plot_claims.log",
    conda:
        "../envs/study.yaml"
    resources:
        **needs(),
    params:
        split_by=study.split_by,
        code=code_of("plot_claims.py"),
    message:
        "Drawing the claims"
    script:
        "../scripts/plot_claims.py"
