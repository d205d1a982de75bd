"""The rule that all rules with a script build upon."""


# All rules with a script share this.
rule job:
    log:
        "<logs>/job.log",
    conda:
        "../envs/study.yaml"
    resources:
        **needs(),
    script:
        "../scripts/run_script.py"
