"""Rule plot_claims: the claims' effects with their intervals, as figure and text."""

from itertools import product

from siamese.data.stored import read_table, write_text
from siamese.report.figures import new_figure, save, set_title
from siamese.report.templates import render
from siamese.stats.metrics import METRIC_OF_COLUMN, METRICS
from siamese.stats.tables import baseline_means, read_summary

COLOURS = {"supported": "C2", "contradicted": "C1", "undecided": "0.5"}
VALUES = ["mean", "low", "high", "published", "holds_from", "holds_to"]
VALUES += [f"{name}_divisions" for name in ("mean", "low", "high")]


def draw_effects(axis, effects):
    """One line an effect: interval, bounds of the claim, and the published value."""
    for y, row in enumerate(effects.itertuples()):
        colour = COLOURS[row.verdict]
        axis.plot([row.low, row.high], [y, y], color=colour, lw=3)
        axis.plot(row.mean, y, "o", color=colour)
        if "mean_divisions" in effects:
            colour, below = COLOURS[row.verdict_divisions], y + 0.28
            ends = [row.low_divisions, row.high_divisions]
            axis.plot(ends, [below, below], color=colour)
            axis.plot(row.mean_divisions, below, "s", color=colour, ms=4)
        axis.plot(row.published, y, "k*", ms=11, mfc="none")
        # The invisible line makes room for the bounds of the claim.
        axis.plot([row.holds_from, row.holds_to], [y, y], alpha=0)
    low, high = axis.get_xlim()
    start, end = effects["holds_from"].fillna(low), effects["holds_to"].fillna(high)
    axis.barh(range(len(effects)), end - start, 0.7, start, color="C0", alpha=0.12)
    axis.set_xlim(low, high)
    labels = [f"{row.claim}. {row.effect}" for row in effects.itertuples()]
    axis.set_yticks(range(len(effects)), labels, parse_math=False)
    axis.set_ylim(len(effects) - 0.5, -0.5)
    axis.grid(alpha=0.3, axis="x")


def panels(claims):
    """Yield whether its effects are differences, the metric and the effects, in the
    metric's scale, of each panel.
    """
    names = claims["metric"].map(lambda column: METRIC_OF_COLUMN[column].name)
    for difference, metric in product((False, True), METRICS.values()):
        effects = claims[(claims["difference"] == difference) & (names == metric.name)]
        if len(effects):
            scaled = effects.filter(VALUES).astype(float) * metric.scale
            yield difference, metric, effects.assign(**scaled)


def label_panel(axis, difference, metric, baselines):
    """Label the horizontal axis; mark no difference or the best baseline's accuracy."""
    if difference:
        unit = ", percentage points" if metric.unit else ""
        axis.set_xlabel(f"Difference in {metric.label}{unit}")
        axis.axvline(0, color="k", lw=1)
        return
    axis.set_xlabel(metric.axis())
    if metric.name == "accuracy":
        value = metric.scale * baselines.iloc[0]
        axis.axvline(value, color="k", lw=1, ls="--")
        text, place = f"best baseline on B: {baselines.index[0]}", (value, 1.02)
        over = axis.get_xaxis_transform()
        axis.text(*place, text, transform=over, fontsize=8, ha="center", va="bottom")


def draw_claims(claims, baselines):
    """Figure of claims.csv: a panel for each metric that it names, and one for its
    differences. `baselines` (pandas.Series) are accuracies on B by name, best first.
    """
    parts = list(panels(claims))
    heights = [len(effects) + 2 for _, _, effects in parts]
    figure = new_figure(9, 0.33 * sum(heights) + 1.3)
    axes = figure.subplots(len(parts), 1, squeeze=False, height_ratios=heights)[:, 0]
    for axis, (difference, metric, effects) in zip(axes, parts, strict=True):
        label_panel(axis, difference, metric, baselines)
        draw_effects(axis, effects)
    handles, empty = [], ([], [])
    for name, colour in COLOURS.items():
        handles += axes[0].plot(*empty, "o-", color=colour, lw=3, label=name)
    if claims["published"].notna().any():
        stars = {"ms": 11, "mfc": "none", "label": "published value"}
        handles += axes[0].plot(*empty, "k*", **stars)
    handles.append(axes[0].bar(0, 0, color="C0", alpha=0.12, label="claim holds"))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    n = claims["n"].max()
    over = "one seed" if n == 1 else f"{n} seeds"
    if "n_divisions" in claims:
        over += f"; square: over {claims['n_divisions'].max()} divisions of the classes"
    set_title(figure, f"Claims: mean and 95 % interval over {over}")
    return figure


def claims_text(claims):
    """The content of claims.csv for people."""
    n = claims["n_divisions"].max() if "n_divisions" in claims else 0
    return render("claims.md.j2", rows=claims.to_dict("records"), n_divisions=n)


def main(snakemake):
    paths, texts = snakemake.input, ["statement", "effect"]
    claims = read_table(paths.claims, ["claim", "n"], names=texts)
    baselines = baseline_means(read_summary(paths.table), snakemake.params.split_by)
    figure = draw_claims(claims, baselines)
    save(figure, snakemake.output.png, snakemake.output.svg)
    write_text(snakemake.output.text, claims_text(claims))
