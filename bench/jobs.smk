"""Jobs that do nothing, to see what Snakemake takes for each.

Chains of four jobs with the names of a study's, as many as config has `points`, and
one job after them all; `kind` is how a job does nothing: by script, shell or run.
"""

from pathlib import Path


include: "../workflow/rules/scheduling.smk"


rule all:
    input:
        lambda wildcards: [
            f"results/{point}/curves" for point in range(int(config["points"]))
        ],
    output:
        touch("results/summary"),


if config["kind"] == "script":

    rule train:
        output:
            "results/{point}/train",
        script:
            "nothing.py"

elif config["kind"] == "shell":

    rule train:
        output:
            "results/{point}/train",
        shell:
            "touch {output}"

else:

    rule train:
        output:
            "results/{point}/train",
        run:
            Path(output[0]).touch()


use rule train as embed with:
    input:
        rules.train.output,
    output:
        "results/{point}/embed",


use rule train as evaluate with:
    input:
        rules.embed.output,
    output:
        "results/{point}/evaluate",


use rule train as curves with:
    input:
        rules.evaluate.output,
    output:
        "results/{point}/curves",
