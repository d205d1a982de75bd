from snakemake.utils import min_version

min_version("9.0")


configfile: f"{workflow.basedir}/config/config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/scheduling.smk"
include: "workflow/rules/checks.smk"
include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/summary.smk"
include: "workflow/rules/claims.smk"
include: "workflow/rules/choice.smk"


rule all:
    default_target: True
    input:
        lambda wildcards: point_files(
            POINTS, "model.keras", "history.csv", "metrics.json", "curves.png"
        ),
        lambda wildcards: verification_files(POINTS),
        "results/verification/loss.txt",
        rules.summarise.output,
        rules.describe_settings.output,
        rules.plot_summary.output,
        rules.best_setting.output,
        rules.leakage.output if {*SPLITS} == {"pairs", "images"} else [],
        [rules.claims.output, rules.plot_claims.output] if config["claims"] else [],
    message:
        "The study is complete: results/summary"
