"""A model to take away: a target of its own."""


use rule job as package_model with:
    input:
        encoder=lambda wildcards: study.best_point.files("encoder.keras")[0],
        metrics=lambda wildcards: study.best_point.files("metrics.json")[0],
        table=rules.summarise.output.table,
        divisions=(
            rules.compare_divisions.output.table if study.division_columns else []
        ),
        dataset=rules.partition.output.description,
    output:
        encoder="<results>/best/encoder.keras",
        onnx="<results>/best/encoder.onnx",
        model="<results>/best/model.json",
        card="<results>/best/README.md",
    log:
        "<logs>/package_model.log",
    params:
        **script_of("package_model.py"),
        templates=template_digests("model_card.md.j2"),
        point=lambda wildcards: study.best_point.as_record(*AXES, "seed"),
        sets=study.classes.sets,
        dataset=study.config.dataset.name,
        split_by=study.split_by,
    message:
        "Packaging a model to take away"


rule best:
    input:
        rules.package_model.output,
    message:
        f"The model is made: results{study.paths.root}/best"
