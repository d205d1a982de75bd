# The workflow, for commands that are given in this folder.
include: "workflow/Snakefile"


# An include does not pass on which rule is the default target: this is `all`.
rule default:
    default_target: True
    input:
        rules.all.input,
    message:
        f"The study is complete: results{study.paths.root}/summary"
