"""Rule plot_claims: the claims' effects with their intervals, as figure and text."""

from itertools import product

import numpy as np
import pandas as pd

from siamese.figures import Figure, save, set_title
from siamese.job import logged
from siamese.metrics import METRIC_OF_COLUMN, METRICS
from siamese.stored import read_table, write_text
from siamese.tables import (
    baseline_means,
    markdown_table,
    markdown_text,
    read_summary,
    with_interval,
)

COLOURS = {"supported": "C2", "contradicted": "C1", "undecided": "0.5"}
VALUES = ["mean", "low", "high", "published", "holds_from", "holds_to"]
TEXTS = ("claim", "effect", "metric", "holds", "verdict", "verdict over divisions")
OVER_DIVISIONS = [f"{name}_divisions" for name in ("mean", "low", "high")]


def draw_effects(axis, effects):
    """One line an effect: interval, bounds of the claim, and the published value."""
    for y, row in enumerate(effects.itertuples()):
        colour = COLOURS[row.verdict]
        low, high = axis.get_xlim()
        start = low if pd.isna(row.holds_from) else row.holds_from
        end = high if pd.isna(row.holds_to) else row.holds_to
        axis.barh(y, end - start, left=start, height=0.7, color="C0", alpha=0.12)
        axis.plot([row.low, row.high], [y, y], color=colour, lw=3)
        axis.plot(row.mean, y, "o", color=colour)
        if "mean_divisions" in effects:
            colour = COLOURS[row.verdict_divisions]
            below = y + 0.28
            axis.plot(
                [row.low_divisions, row.high_divisions], [below] * 2, color=colour
            )
            axis.plot(row.mean_divisions, below, "s", color=colour, ms=4)
        axis.plot(row.published, y, "k*", ms=11, mfc="none")
    labels = [f"{row.claim}. {row.effect}" for row in effects.itertuples()]
    axis.set_yticks(range(len(effects)), labels, parse_math=False)
    axis.set_ylim(len(effects) - 0.5, -0.5)
    axis.grid(alpha=0.3, axis="x")


def limits(effects, others=()):
    """Range of the horizontal axis, with a margin around all values."""
    values = effects.filter([*VALUES, *OVER_DIVISIONS]).to_numpy(float)
    values = np.concatenate([values.ravel(), others])
    low, high = np.nanmin(values), np.nanmax(values)
    margin = 0.06 * (high - low) or 1
    return low - margin, high + margin


def panels(claims):
    """Yield difference, metric and effects of each panel, in the metrics' scale.

    First those that are values of a metric, then those that are differences.
    """
    names = claims["metric"].map(lambda column: METRIC_OF_COLUMN[column].name)
    for difference, metric in product((False, True), METRICS.values()):
        effects = claims[(claims["difference"] == difference) & (names == metric.name)]
        if len(effects):
            values = effects.filter([*VALUES, *OVER_DIVISIONS])
            scaled = values.astype(float) * metric.scale
            yield difference, metric, effects.assign(**scaled)


def draw_claims(claims, baselines):
    """A panel for each metric that claims name, and one for its differences.

    Parameters
    ----------
    claims : pandas.DataFrame
        Content of claims.csv.
    baselines : pandas.Series
        Accuracies on B by the baselines' names.

    Returns
    -------
    matplotlib.figure.Figure
    """
    parts = list(panels(claims))
    heights = [len(effects) + 2 for _, _, effects in parts]
    figure = Figure(figsize=(9, 0.33 * sum(heights) + 1.3), layout="constrained")
    axes = figure.subplots(len(parts), 1, squeeze=False, height_ratios=heights)
    for axis, (difference, metric, effects) in zip(axes[:, 0], parts, strict=True):
        has_baselines = metric.name == "accuracy" and not difference
        best = metric.scale * baselines.head(1 if has_baselines else 0)
        axis.set_xlim(limits(effects, best))
        draw_effects(axis, effects)
        if difference:
            unit = ", percentage points" if metric.unit else ""
            axis.set_xlabel(f"Difference in {metric.label}{unit}")
            axis.axvline(0, color="k", lw=1)
        else:
            axis.set_xlabel(metric.axis())
        for name, value in best.items():
            axis.axvline(value, color="k", lw=1, ls="--")
            axis.annotate(
                f"best baseline on B: {name}",
                (value, 1),
                xycoords=("data", "axes fraction"),
                xytext=(0, 2),
                textcoords="offset points",
                fontsize=8,
                ha="center",
            )
    handles = [
        axes[0, 0].plot([], [], color=colour, lw=3, marker="o", label=name)[0]
        for name, colour in COLOURS.items()
    ]
    if claims["published"].notna().any():
        handles += axes[0, 0].plot(
            [], [], "k*", ms=11, mfc="none", label="published value"
        )
    handles.append(axes[0, 0].bar(0, 0, color="C0", alpha=0.12, label="claim holds"))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    n = claims["n"].max()
    seeds = "one seed" if n == 1 else f"{n} seeds"
    if "n_divisions" in claims:
        n = claims["n_divisions"].max()
        seeds += f"; square: over {n} divisions of the classes"
    set_title(figure, f"Claims: mean and 95 % interval over {seeds}")
    return figure


def bounds(low, high):
    """Two bounds in words, of which one may be open."""
    if low and high:
        return f"{low} to {high}"
    return f"from {low}" if low else f"up to {high}"


def as_markdown(claims):
    """The claims for people, with the verdict of each and of its effects."""
    rows = []
    repeated = claims["claim"].duplicated()
    has_divisions = "n_divisions" in claims
    explained = (
        f"A second verdict is over {claims['n_divisions'].max()} other divisions of "
        "the classes into A and B: paired by division, seeds averaged first.\n\n"
        if has_divisions
        else ""
    )
    for row in claims.itertuples():
        metric, sign = METRIC_OF_COLUMN[row.metric], "+" if row.difference else ""
        claim = (
            f"{row.claim}. {markdown_text(row.statement)} **{row.verdict_of_claim}**"
        )
        low, high, published = (
            metric.text(value, 2, sign)
            for value in (row.holds_from, row.holds_to, row.published)
        )
        rows.append(
            {
                "claim": "" if repeated[row.Index] else claim,
                "effect": markdown_text(row.effect),
                "metric": metric.axis(),
                "seeds": str(row.n),
                "mean": with_interval(metric, (row.mean, row.low, row.high), 2, sign),
                "published": published,
                "holds": bounds(low, high),
                "verdict": row.verdict,
            }
        )
        if has_divisions:
            values = row.mean_divisions, row.low_divisions, row.high_divisions
            rows[-1]["over divisions"] = with_interval(metric, values, 2, sign)
            rows[-1]["verdict over divisions"] = row.verdict_divisions
            if rows[-1]["claim"]:
                second = f"; over divisions **{row.verdict_of_claim_divisions}**"
                rows[-1]["claim"] += second
    return (
        "# Claims\n\n"
        "Mean over paired seeds with its 95 % interval (Student's t), of several "
        "seeds; a difference of what is in % is in percentage points. A claim is "
        "supported where the interval lies within its bounds, contradicted where it "
        "lies outside, and undecided at this number of seeds otherwise.\n\n"
        f"{explained}{markdown_table(rows, TEXTS)}"
    )


def main(snakemake, output):
    claims = read_table(
        snakemake.input.claims, ["claim", "n"], names=["statement", "effect"]
    )
    summary = read_summary(snakemake.input.table)
    baselines = baseline_means(summary, snakemake.params.split_by)
    figure = draw_claims(claims, baselines)
    save(figure, output.png, output.svg)
    write_text(output.text, as_markdown(claims))


if __name__ == "__main__":
    with logged(snakemake) as output:
        main(snakemake, output)
