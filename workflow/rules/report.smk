"""Pages of HTML, which the report of Snakemake shows: the first one, and an explorer."""


rule write_explorer:
    input:
        table=rules.summarise.output.table,
        histories=lambda wildcards: point_files(study.own_points, "history.csv"),
    output:
        page=report(
            "<results>/summary/explorer.html",
            caption="../report/explorer.rst",
            category="Explorer",
            labels={"result": "all settings, interactive"},
        ),
    log:
        "<logs>/write_explorer.log",
    conda:
        "../envs/study.yaml"
    resources:
        **needs(),
    params:
        points=lambda wildcards: as_records(
            study.own_points, "split_by", *study.axes, "seed"
        ),
        dataset=study.config.dataset.name,
        code=code_of("write_explorer.py"),
        templates=template_digests("explorer.html", "explorer.js", "style.css"),
    message:
        "Writing the explorer"
    script:
        "../scripts/write_explorer.py"


rule show_failures:
    input:
        table=rules.summarise.output.table,
        # Of all these, the best setting's first seed's are read.
        distances=lambda wildcards: point_files(study.main_points, "distances.npz"),
        encoders=lambda wildcards: point_files(study.main_points, "encoder.keras"),
        images=ancient(rules.partition.output.images),
        digest=rules.partition.output.digest,
        dataset=rules.partition.output.description,
        A=lambda wildcards: run_files(study.main_points, "pairs", "A.csv")[0],
        B=lambda wildcards: run_files(study.main_points, "pairs", "B.csv")[0],
    output:
        worst=report(
            "<results>/summary/worst_pairs.png",
            caption="../report/worst_pairs.rst",
            category="Best setting",
            labels={"result": "worst pairs"},
        ),
        map=report(
            "<results>/summary/embeddings.html",
            caption="../report/embeddings.rst",
            category="Best setting",
            labels={"result": "map of embeddings, interactive"},
        ),
    log:
        "<logs>/show_failures.log",
    conda:
        "../envs/study.yaml"
    resources:
        **needs(growth=lambda wildcards: study.settings.largest_growth),
    params:
        points=lambda wildcards: as_records(study.main_points, *study.axes, "seed"),
        sizes=dict(study.config.sizes),
        margin=study.config.margin,
        split_by=study.split_by,
        code=code_of("show_failures.py"),
        network_code=code_of("siamese/networks/published.py"),
        templates=template_digests("embeddings.html", "style.css"),
    message:
        "Showing where the best setting fails"
    script:
        "../scripts/show_failures.py"


rule write_overview:
    input:
        table=rules.summarise.output.table,
        settings=rules.describe_settings.output.table,
        figure=rules.plot_summary.output.png,
        claims=rules.judge_claims.output.table if CLAIMS else [],
        dataset=rules.partition.output.description,
        made_with=rules.gather_provenance.output.table,
        explorer=rules.write_explorer.output.page,
    output:
        page=report(
            "<results>/summary/overview.html",
            caption="../report/overview.rst",
            category="Overview",
            labels={"result": "what the study says"},
        ),
    log:
        "<logs>/write_overview.log",
    conda:
        "../envs/study.yaml"
    resources:
        **needs(),
    params:
        dataset=study.config.dataset.name,
        sets=study.classes.sets,
        divisions=len(study.classes.divisions),
        split_by=study.split_by,
        left_out=study.curves_left_out,
        code=code_of("write_overview.py"),
        templates=template_digests("overview.html", "style.css"),
    message:
        "Writing the overview"
    script:
        "../scripts/write_overview.py"
