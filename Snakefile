from snakemake.utils import min_version

min_version("9.0")


configfile: f"{workflow.basedir}/config/config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/scheduling.smk"
include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/summary.smk"


rule all:
    default_target: True
    input:
        "results/summary/summary.csv",
        "results/summary/summary.md",
        "results/summary/summary.png",
        "results/summary/summary.svg",
        "results/verification/loss.txt",
        expand("results/verification/seed~{seed}/pairs.json", seed=config["seeds"]),
        expand(
            "results/grid/{point}/{file}",
            point=GRID.instance_patterns,
            file=("model.keras", "history.csv", "metrics.json", "curves.png"),
        ),
    message:
        "The study is complete: results/summary"
