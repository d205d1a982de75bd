"""The table of published accuracies that a config names."""

import csv
from typing import Annotated

import pydantic
from pydantic import Field

from siamese.errors import ConfigError
from siamese.study.axes import AXES, MAIN_AXES
from siamese.study.columns import PUBLISHED
from siamese.study.options import Options, axis_value, expect, parse

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
    rows, line, names = {}, 1, [*Row.model_fields]
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
        reader = csv.DictReader(lines, strict=True, skipinitialspace=True)
        header = list(reader.fieldnames or [])
        expect(all(header.count(n) == 1 for n in names), f"the columns {header}")
        for cells in reader:
            line, found = reader.line_num, [*cells, *cells.values()]
            expect(None not in found, f"not {len(header)} cells")
            row = {name: cells[name] for name in names if cells[name]}
            row = parse(Row, row, name=f"{path}, line {line}").model_dump()
            setting = tuple(row[name] for name in MAIN_AXES)
            expect(setting not in rows, f"the setting {setting} a second time")
            rows[setting] = row
    except (OSError, ValueError, csv.Error) as error:
        expected = f"each setting once, below {','.join(names)}, with commas between"
        raise ConfigError(f"{path}, line {line}", str(error), expected) from None
    return list(rows.values())
