"""Two grid points or two studies side by side: what differs, and by how much.

Prints the parameters or options that differ and the metrics, and writes the same as a
page of HTML with the figures of both.
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent / "scripts"))

from siamese.axes import AXES
from siamese.errors import StudyError
from siamese.metrics import METRICS, TEST_SETS, column, read_metrics
from siamese.pages import png_uri, render
from siamese.paths import argument
from siamese.stored import read_json, read_table, write_text
from siamese.tables import (
    TEXT_AXES,
    markdown_table,
    short_name,
    trained_runs,
    varying,
    with_all_axes,
)

# Of studies: what each setting of both is compared by.
COMPARED = {
    column(name, test_set): METRICS[name]
    for name, test_set in (("accuracy", "A"), ("accuracy", "B"), ("auc", "B"))
}
LABELS = ("accuracy on A, %", "accuracy on B, %", "AUC on B")
SIDES = ("first", "second", "difference")
NOT_STATED = "not stated"


def parameters(folder):
    """What the path of a grid point's folder states: texts by name.

    Of the split too, where that is not the study's own.
    """
    parts = [part for part in folder.parts[-3:] if "~" in part]
    pairs = [pair.partition("~") for part in parts for pair in part.split(",")]
    return {name: value for name, _, value in pairs}


def flat(content, prefix=""):
    """The options of a config as texts, by names such as 'grid.epochs'."""
    found = {}
    for key, value in content.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            found |= flat(value, f"{name}.")
        else:
            found[name] = json.dumps(value, ensure_ascii=False)
    return found


def differences(first, second):
    """Rows of what differs, texts by name; 'not stated' where one has none."""
    names = list(dict.fromkeys([*first, *second]))
    return [
        [name, first.get(name, NOT_STATED), second.get(name, NOT_STATED)]
        for name in names
        if first.get(name) != second.get(name)
    ]


def point_rows(first, second):
    """Each metric of two grid points on each test set, and the difference.

    Parameters
    ----------
    first, second : dict
        Content of metrics.json.
    """
    rows = []
    for name, metric in METRICS.items():
        for test_set in TEST_SETS:
            values = [metrics[test_set][name] for metrics in (first, second)]
            of = f"{metric.label} on {test_set}{f', {metric.unit}' * bool(metric.unit)}"
            texts = [metric.text(value, 2) for value in values]
            rows.append([of, *texts, metric.text(values[1] - values[0], 2, "+")])
    return rows


def study_rows(first, second):
    """Each setting that both studies have: means over seeds, and the differences.

    Parameters
    ----------
    first, second : pandas.DataFrame
        Trained settings with a column for each axis, from `with_all_axes`.

    Returns
    -------
    rows : list of list of str
    only : list of int
        How many settings only the one or the other has.
    """
    keys = ["split_by", *AXES]
    both = first.merge(second, on=keys, suffixes=("", "_second"))
    names = varying(both[keys])
    rows = []
    for row in both.to_dict("records"):
        texts = [short_name(row, names)]
        for key, metric in COMPARED.items():
            values = row[f"{key}_mean"], row[f"{key}_mean_second"]
            texts += [metric.text(value, 2) for value in values]
            texts.append(metric.text(values[1] - values[0], 2, "+"))
        rows.append(texts)
    return rows, [len(table) - len(both) for table in (first, second)]


def summary_of(path):
    """The folder of summary tables of a study, of one data set."""
    found = [
        folder
        for folder in (path, path / "summary", path / "results/summary")
        if (folder / "settings.csv").exists()
        and (folder.parent / "provenance.json").exists()
    ]
    return found[0] if found else None


def compare(paths):
    """What there is to say of two grid points or two studies.

    Returns
    -------
    dict
        differs (rows of `differences`), head and rows of the metrics, notes, and
        figures, a path each.

    Raises
    ------
    StudyError
        They are not two of one kind, or a file is damaged.
    """
    if all((path / "metrics.json").exists() for path in paths):
        return {
            "differs": differences(*map(parameters, paths)),
            "head": ["metric", *SIDES],
            "rows": point_rows(
                *(read_metrics(path / "metrics.json") for path in paths)
            ),
            "notes": [],
            "figures": [path / "curves.png" for path in paths],
        }
    folders = [summary_of(path) for path in paths]
    if None in folders:
        path = paths[folders.index(None)]
        raise StudyError(
            f"{path}: no metrics.json, and no summary/settings.csv with its "
            "provenance.json, expected two folders of grid points, or two of studies; "
            "run the study first, or name others: make compare A=<folder> B=<folder>"
        )
    configs = [
        read_json(folder.parent / "provenance.json")["config"] for folder in folders
    ]
    tables = []
    for folder, config in zip(folders, configs, strict=True):
        numbers = ["n", *(f"{name}_mean" for name in COMPARED)]
        texts = ["method", "split_by"]
        table = read_table(folder / "settings.csv", numbers, texts, TEXT_AXES)
        tables.append(trained_runs(with_all_axes(table, config["sizes"])))
    rows, only = study_rows(*tables)
    return {
        "differs": differences(*map(flat, configs)),
        "head": ["setting", *(f"{of}: {side}" for of in LABELS for side in SIDES)],
        "rows": rows,
        "notes": [
            f"{n} settings only in the {side}."
            for n, side in zip(only, SIDES, strict=False)
            if n
        ],
        "figures": [folder / "summary.png" for folder in folders],
    }


def as_text(found, paths):
    """The comparison for a terminal, in Markdown."""
    differs = [
        dict(zip(("what differs", *SIDES), row, strict=False))
        for row in found["differs"]
    ]
    rows = [dict(zip(found["head"], row, strict=True)) for row in found["rows"]]
    lines = [f"{side}: {path}" for side, path in zip(SIDES, paths, strict=False)]
    if differs:
        lines += ["", markdown_table(differs, differs[0])]
    else:
        lines += ["", "Nothing that they state differs."]
    if rows:
        lines += ["", markdown_table(rows, found["head"][:1])]
    return "\n".join([*lines, *found["notes"]])


def as_page(found, paths):
    """The comparison as a page of HTML, with the figures of both."""
    figures = [path for path in found["figures"] if path.exists()]
    return render(
        "compare.html",
        paths=dict(zip(SIDES, paths, strict=False)),
        sides=SIDES[:2],
        figures=[png_uri(path.read_bytes()) for path in figures],
        **{key: found[key] for key in ("differs", "head", "rows", "notes")},
    )


def folder(text):
    """The folder that a word of the command line names."""
    if not text:
        expected = "a folder: make compare A=<folder> B=<folder>"
        raise argparse.ArgumentTypeError(f"found nothing, expected {expected}")
    return argument(text)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs=2, type=folder, metavar="folder")
    parser.add_argument("--page", type=argument, help="a file of HTML to write")
    options = parser.parse_args(arguments)
    try:
        found = compare(options.folders)
    except StudyError as error:
        sys.exit(f"Error: {error}")
    print(as_text(found, options.folders))
    if options.page:
        write_text(options.page, as_page(found, options.folders))
        print(f"\nThe same with figures: {options.page}")


if __name__ == "__main__":
    main()
