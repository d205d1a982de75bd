"""Rule plot_claims: the claims' effects with their intervals, as figure and text."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from siamese.figures import save_vectors
from siamese.job import logged
from siamese.stored import read_table
from siamese.tables import baseline_means, markdown_text, read_summary

COLOURS = {"supported": "C2", "contradicted": "C3", "undecided": "0.5"}
IN_PER_CENT = ("accuracy", "eer")


def scaled(claims):
    """Accuracies and error rates in per cent; other metrics as they are."""
    scale = claims["metric"].str.startswith(IN_PER_CENT).map({True: 100, False: 1})
    columns = ["mean", "sd", "low", "high", "published", "holds_from", "holds_to"]
    return claims.assign(**{c: claims[c].astype(float) * scale for c in columns})


def draw_effects(axis, effects):
    """One line an effect: interval, bounds of the claim, and the report's value."""
    for y, row in enumerate(effects.itertuples()):
        colour = COLOURS[row.verdict]
        low, high = axis.get_xlim()
        start = low if pd.isna(row.holds_from) else row.holds_from
        end = high if pd.isna(row.holds_to) else row.holds_to
        axis.barh(y, end - start, left=start, height=0.7, color="C0", alpha=0.12)
        axis.plot([row.low, row.high], [y, y], color=colour, lw=3)
        axis.plot(row.mean, y, "o", color=colour)
        axis.plot(row.published, y, "k*", ms=11, mfc="none")
    labels = [f"{row.claim}. {row.effect}" for row in effects.itertuples()]
    axis.set_yticks(range(len(effects)), labels, parse_math=False)
    axis.set_ylim(len(effects) - 0.5, -0.5)
    axis.grid(alpha=0.3, axis="x")


def limits(effects, others=()):
    """Range of the horizontal axis, with a margin around all values."""
    columns = ["mean", "low", "high", "published", "holds_from", "holds_to"]
    values = np.concatenate([effects[columns].to_numpy(float).ravel(), others])
    low, high = np.nanmin(values), np.nanmax(values)
    margin = 0.06 * (high - low) or 1
    return low - margin, high + margin


def draw_claims(claims, baselines):
    """Accuracies in the upper panel, differences in the lower.

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
    claims = scaled(claims)
    parts = {
        "Accuracy, %": claims[~claims["difference"]],
        "Difference, percentage points": claims[claims["difference"]],
    }
    parts = {label: effects for label, effects in parts.items() if len(effects)}
    heights = [len(effects) + 2 for effects in parts.values()]
    figure = Figure(figsize=(9, 0.33 * sum(heights) + 1.3), layout="constrained")
    axes = figure.subplots(len(parts), 1, squeeze=False, height_ratios=heights)
    best = 100 * baselines.head(2)
    for axis, (label, effects) in zip(axes[:, 0], parts.items(), strict=True):
        is_accuracy = label == "Accuracy, %"
        axis.set_xlim(limits(effects, best if is_accuracy else ()))
        axis.set_xlabel(label)
        draw_effects(axis, effects)
        if is_accuracy:
            for number, (name, value) in enumerate(best.items()):
                axis.axvline(value, color="k", lw=1, ls=("--", ":")[number])
                axis.annotate(
                    f"B, {name}",
                    (value, 1),
                    xycoords=("data", "axes fraction"),
                    xytext=(0, 2),
                    textcoords="offset points",
                    fontsize=7,
                    ha="center",
                )
        else:
            axis.axvline(0, color="k", lw=1)
    handles = [
        axes[0, 0].plot([], [], color=colour, lw=3, marker="o", label=name)[0]
        for name, colour in COLOURS.items()
    ]
    handles += axes[0, 0].plot([], [], "k*", ms=11, mfc="none", label="published value")
    handles.append(axes[0, 0].bar(0, 0, color="C0", alpha=0.12, label="claim holds"))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    n = claims["n"].max()
    seeds = "one seed" if n == 1 else f"{n} seeds"
    figure.suptitle(f"The report's claims: mean and 95 % interval over {seeds}")
    return figure


def number(value, difference=False):
    """A value with two digits, signed for a difference, or nothing."""
    if pd.isna(value):
        return ""
    return f"{value:+.2f}" if difference else f"{value:.2f}"


def span(low, high, difference):
    """Two bounds in words, of which one may be open."""
    low, high = number(low, difference), number(high, difference)
    if low and high:
        return f"{low} to {high}"
    return f"from {low}" if low else f"up to {high}"


def as_markdown(claims):
    """The claims for people, with the verdict of each and of its effects."""
    lines = [
        "# Claims",
        "",
        "Mean over paired seeds with its 95 % interval (Student's t), in per cent or "
        "percentage points. A claim is supported where the interval lies within its "
        "bounds, contradicted where it lies outside, and undecided at this number of "
        "seeds otherwise.",
        "",
        "| claim | effect | seeds | mean | 95 % interval | report | holds | verdict |",
        "| --- | --- | ---: | ---: | --- | ---: | --- | --- |",
    ]
    for row in scaled(claims).itertuples():
        first = row.Index == 0 or claims["claim"][row.Index - 1] != row.claim
        cells = [
            f"{row.claim}. {markdown_text(row.statement)} **{row.verdict_of_claim}**"
            if first
            else "",
            markdown_text(row.effect),
            str(row.n),
            number(row.mean, row.difference),
            "not available"
            if pd.isna(row.low)
            else span(row.low, row.high, row.difference),
            number(row.published, row.difference),
            span(row.holds_from, row.holds_to, row.difference),
            row.verdict,
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main(snakemake):
    claims = read_table(snakemake.input.claims, ["claim", "n"])
    summary = read_summary(snakemake.input.table)
    baselines = baseline_means(summary, snakemake.params.split_by)
    figure = draw_claims(claims, baselines)
    figure.savefig(snakemake.output.png, dpi=120)
    save_vectors(figure, snakemake.output.svg)
    with open(snakemake.output.text, "w", encoding="utf-8") as file:
        file.write(as_markdown(claims))


if __name__ == "__main__":
    with logged(snakemake):
        main(snakemake)
