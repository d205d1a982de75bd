"""The table of published accuracies that a config names."""

import csv
from typing import Annotated

import pydantic
from pydantic import Field

from siamese.study.axes import AXES, MAIN_AXES
from siamese.study.columns import PUBLISHED
from siamese.study.options import Options, axis_value, parse

# A cell is a text, so whatever pydantic reads as a number is one.
Row = pydantic.create_model(
    "Row",
    __base__=Options,
    __cls_kwargs__={"strict": False},
    **{name: axis_value(AXES[name]) for name in MAIN_AXES},
    **dict.fromkeys(PUBLISHED.values(), (Annotated[float, Field(ge=0, le=1)], None)),
)


def read_published(path):
    """The rows, dicts of Row's columns, of a path or None; ConfigError for mistakes."""
    if path is None:
        return []
    rows = {}
    with open(path, newline="", encoding="utf-8-sig") as file:
        for cells in (reader := csv.DictReader(file, skipinitialspace=True)):
            row = {name: cells[name] for name in Row.model_fields if cells.get(name)}
            row = parse(Row, row, name=f"{path}, line {reader.line_num}").model_dump()
            # Once each, or the summary would have rows twice.
            rows[tuple(row[name] for name in MAIN_AXES)] = row
    return list(rows.values())
