"""Pages of HTML, which the report of Snakemake shows: the first one, and an explorer."""


use rule job as write_explorer with:
    input:
        table=rules.summarise.output.table,
        poses=rules.summarise.output.get("poses", []),
        histories=lambda wildcards: point_files(study.own_points, "history.csv"),
    output:
        page=shown(
            "<results>/summary/explorer.html", "Explorer", "all settings, interactive"
        ),
    log:
        "<logs>/write_explorer.log",
    params:
        **script_of("write_explorer.py"),
        points=lambda wildcards: as_records(
            study.own_points, "split_by", *study.axes, "seed"
        ),
        dataset=study.config.dataset.name,
        templates=template_digests(
            "page.html", "explorer.html", "explorer.js", "style.css"
        ),
    message:
        "Writing the explorer"


use rule job as show_failures with:
    input:
        table=rules.summarise.output.table,
        # Only the first seed of the best setting is read.
        distances=lambda wildcards: point_files(study.main_points, "distances.npz"),
        encoders=lambda wildcards: point_files(study.main_points, "encoder.keras"),
        images=ancient(rules.partition.output.images),
        digest=rules.partition.output.digest,
        dataset=rules.partition.output.description,
        A=lambda wildcards: run_files(study.main_points, "pairs", "A.csv")[0],
        B=lambda wildcards: run_files(study.main_points, "pairs", "B.csv")[0],
    output:
        worst=shown("<results>/summary/worst_pairs.png", "Best setting", "worst pairs"),
        map=shown(
            "<results>/summary/embeddings.html",
            "Best setting",
            "map of embeddings, interactive",
        ),
    log:
        "<logs>/show_failures.log",
    resources:
        **needs(growth=lambda wildcards: study.settings.largest_growth),
    params:
        **script_of("show_failures.py"),
        points=lambda wildcards: as_records(study.main_points, *study.axes, "seed"),
        sizes=dict(study.config.sizes),
        pose=study.random_pose,
        copies=study.config.random_poses.copies,
        split_by=study.split_by,
        network_code=code_of("siamese/model/networks/published.py"),
        templates=template_digests("page.html", "embeddings.html", "style.css"),
    message:
        "Showing where the best setting fails"


use rule job as write_overview with:
    input:
        table=rules.summarise.output.table,
        settings=rules.describe_settings.output.table,
        figure=rules.plot_summary.output.png,
        claims=rules.judge_claims.output.table if CLAIMS else [],
        dataset=rules.partition.output.description,
        made_with=rules.gather_provenance.output.table,
        explorer=rules.write_explorer.output.page,
    output:
        page=shown("<results>/summary/overview.html", "Overview", "what the study says"),
    log:
        "<logs>/write_overview.log",
    params:
        **script_of("write_overview.py"),
        dataset=study.config.dataset.name,
        sets=study.classes.sets,
        divisions=len(study.classes.divisions),
        split_by=study.split_by,
        left_out=study.curves_left_out,
        templates=template_digests("overview.html", "style.css"),
    message:
        "Writing the overview"


RESULTS += [*rules.write_explorer.output, *rules.show_failures.output]
