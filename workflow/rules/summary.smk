"""All grid points in tables and figures.

What has an entry for each grid point is a function: Snakemake would look up each file of
a list in the whole list, and a cluster's job, which reads the rules again, needs none.
"""


use rule job as summarise with:
    input:
        metrics=lambda wildcards: point_files(study.points, "metrics.json"),
        baselines=lambda wildcards: run_files(study.points, "baselines", "metrics.json"),
    output:
        **if_posed(shown("<results>/summary/poses.csv", "Poses", "table by pose")),
        table=shown("<results>/summary/summary.csv", "Summary", "table of all runs"),
    log:
        "<logs>/summarise.log",
    params:
        **script_of("summarise.py"),
        points=lambda wildcards: as_records(study.points, *study.axes, *RUN, "further"),
        baseline_points=lambda wildcards: as_records(runs_of(study.points), *RUN),
        # A function, or {braces} in a cell would be wildcards.
        published=lambda wildcards: study.published,
    message:
        "Writing the summary"


use rule job as plot_summary with:
    input:
        table=rules.summarise.output.table,
    output:
        png=shown(
            "<results>/summary/summary.png", "Summary", "figure", "summary_figure"
        ),
        svg="<results>/summary/summary.svg",
    log:
        "<logs>/plot_summary.log",
    params:
        **script_of("plot_summary.py"),
        split_by=study.split_by,
    message:
        "Drawing the summary"


use rule job as plot_poses with:
    input:
        table=rules.summarise.output.get("poses", []),
        images=ancient(rules.partition.output.images),
        digest=rules.partition.output.digest,
        pairs=lambda wildcards: run_files(
            study.main_points, "pairs", "A.csv", "B.csv", "crossed.csv"
        )[:3],
    output:
        png=shown("<results>/summary/poses.png", "Poses", "figure", "poses_figure"),
        svg="<results>/summary/poses.svg",
    log:
        "<logs>/plot_poses.log",
    params:
        **script_of("plot_poses.py"),
        **POSES,
        seed=lambda wildcards: study.main_points[0].seed,
        split_by=study.split_by,
    message:
        "Drawing accuracy by pose"


use rule job as examine_best_setting with:
    input:
        table=rules.summarise.output.table,
        distances=lambda wildcards: point_files(study.main_points, "distances.npz"),
        A=lambda wildcards: run_files(study.main_points, "pairs", "A.csv"),
        B=lambda wildcards: run_files(study.main_points, "pairs", "B.csv"),
        dataset=rules.partition.output.description,
    output:
        table=shown("<results>/summary/classes.csv", "Best setting", "table of classes"),
        classes=shown(
            "<results>/summary/classes.png", "Best setting", "accuracy by classes"
        ),
        classes_svg="<results>/summary/classes.svg",
        distances=shown("<results>/summary/distances.png", "Best setting", "distances"),
        distances_svg="<results>/summary/distances.svg",
    log:
        "<logs>/examine_best_setting.log",
    params:
        **script_of("examine_best_setting.py"),
        points=lambda wildcards: as_records(study.main_points, *study.axes, "seed"),
        seeds=lambda wildcards: [run.seed for run in runs_of(study.main_points)],
        thresholds=lambda wildcards: [
            study.thresholds.of(point.setting) for point in study.main_points
        ],
        split_by=study.split_by,
    message:
        "Looking into the best setting"


use rule job as compare_splits with:
    input:
        table=rules.summarise.output.table,
    output:
        table=shown("<results>/summary/leakage.csv", "Summary", "leakage"),
        text="<results>/summary/leakage.md",
    log:
        "<logs>/compare_splits.log",
    params:
        **script_of("compare_splits.py"),
        templates=template_digests("leakage.md.j2"),
    message:
        "Comparing both ways of splitting A"


use rule job as gather_provenance with:
    input:
        made=results_before_summary,
        pins=local(os.path.relpath(PINS)),
    output:
        records="<results>/provenance.json",
        table=shown(
            "<results>/summary/made_with.csv",
            "Checks",
            "table of versions, machines and settings",
        ),
    log:
        "<logs>/gather_provenance.log",
    params:
        **script_of("gather_provenance.py"),
        later=lambda wildcards: [
            *map(str, rules.describe_settings.output),
            *map(str, rules.write_overview.output),
        ],
    message:
        "Gathering what the results were made with"


use rule job as describe_settings with:
    input:
        table=rules.summarise.output.table,
        poses=rules.summarise.output.get("poses", []),
        made_with=rules.gather_provenance.output.table,
    output:
        **if_posed("<results>/summary/poses_settings.csv"),
        table=shown("<results>/summary/settings.csv", "Summary", "table of settings"),
        text="<results>/summary/summary.md",
    log:
        "<logs>/describe_settings.log",
    params:
        **script_of("describe_settings.py"),
        templates=template_digests("summary.md.j2"),
        split_by=study.split_by,
    message:
        "Describing the settings"


RESULTS += rules.summarise.output
RESULTS += [*rules.plot_summary.output, *rules.examine_best_setting.output]
if study.poses:
    RESULTS += rules.plot_poses.output
if len(study.ways) > 1:
    RESULTS += rules.compare_splits.output
