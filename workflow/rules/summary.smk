"""All grid points in one table and one figure."""


rule summarise:
    input:
        metrics=expand(
            "results/grid/{point}/metrics.json", point=GRID.instance_patterns
        ),
        paper=os.path.relpath(WORKFLOW / "data/paper.csv"),
    output:
        table=report(
            "results/summary/summary.csv",
            caption="../report/summary.rst",
            category="Summary",
            labels={"result": "table"},
        ),
        text="results/summary/summary.md",
    log:
        "logs/summarise.log",
    conda:
        "../../environment.yml"
    params:
        points=[
            {
                "size": point.size,
                "l2": float(point.l2),
                "batch_size": int(point.batch_size),
                "epochs": int(point.epochs),
                "seed": int(point.seed),
            }
            for point in POINTS.itertuples(index=False)
        ],
        code=code_of("summarise.py"),
    message:
        "Writing the summary"
    script:
        "../scripts/summarise.py"


rule plot_summary:
    input:
        table=rules.summarise.output.table,
    output:
        png=report(
            "results/summary/summary.png",
            caption="../report/summary_figure.rst",
            category="Summary",
            labels={"result": "figure"},
        ),
        svg="results/summary/summary.svg",
    log:
        "logs/plot_summary.log",
    conda:
        "../../environment.yml"
    params:
        code=code_of("plot_summary.py"),
    message:
        "Drawing the summary"
    script:
        "../scripts/plot_summary.py"
