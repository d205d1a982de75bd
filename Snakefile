from snakemake.utils import min_version

min_version("9.0")


configfile: f"{workflow.basedir}/config/config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/checks.smk"
include: "workflow/rules/common.smk"
include: "workflow/rules/folder.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/summary.smk"
include: "workflow/rules/claims.smk"
include: "workflow/rules/choice.smk"


rule all:
    default_target: True
    input:
        # Intermediate files too: one that is deleted, since it was damaged, is then
        # made anew with what follows from it. Snakemake alone would not miss it.
        rules.partition.output,
        lambda wildcards: point_files(
            POINTS, "model.keras", "history.csv", "distances.npz", "metrics.json"
        ),
        lambda wildcards: point_files(POINTS, "curves.png"),
        lambda wildcards: run_files(POINTS, "pairs", "A.csv", "B.csv", "crossed.csv"),
        lambda wildcards: run_files(POINTS, "verification", "pairs.json", "pairs.png"),
        lambda wildcards: run_files(POINTS, "baselines", "metrics.json"),
        rules.verify_loss.output,
        rules.summarise.output,
        rules.describe_settings.output,
        rules.plot_summary.output,
        rules.examine_best_setting.output,
        rules.compare_splits.output if {*SPLITS} == {"pairs", "images"} else [],
        [rules.judge_claims.output, rules.plot_claims.output] if config["claims"] else [],
    message:
        "The study is complete: results/summary"
