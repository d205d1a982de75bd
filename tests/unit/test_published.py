"""A table of published accuracies is read strictly, before any job runs."""

import pytest
from configs import refusal, study_of

HEADER = "size,l2,batch_size,epochs,published_a,published_b,published_joint"
ROW = "small,0.01,512,2,0.85,"
MISTAKES = [
    ("80%,", ", line 2.published_b: found '80%'. Input should be a valid number"),
    ("80.5,", ", line 2.published_b: found '80.5'. Input should be less than or equal"),
    ("0,80,", ", line 2.published_joint: found '80'. Input should be less than or"),
    (",\nsmall,0.01,51.2,2,,,", ", line 3.batch_size: found '51.2'. Input should"),
    (",\nsmall,0.01,512,,,,", ", line 3.epochs: found None. Field required"),
]
TABLES = [(f"{HEADER}\n{ROW}{rest}\n", message) for rest, message in MISTAKES]
TABLES.append((HEADER.replace(",", ";") + "\n" + ROW, "line 2.size: found None. Field"))


@pytest.mark.parametrize(("table", "message"), TABLES, ids=range(len(TABLES)))
def test_a_wrong_table(tmp_path, table, message):
    path = tmp_path / "mine.csv"
    path.write_text(table)
    line = refusal(dataset={"published": str(path)})
    assert f"Config: {path}, line" in line and message in line


def test_a_table_as_spreadsheets_write_it(tmp_path):
    path = tmp_path / "mine.csv"
    text = f'note,{HEADER}\n\n"a, b", {ROW},\n,NA,0,512,2,,1e-1,1\n'
    path.write_text(text.replace("\n", "\r\n"), encoding="utf-8-sig", newline="")
    rows = study_of(dataset={"published": str(path)}).published
    # Params in another order would rerun what they are of.
    assert [[*row] for row in rows] == [HEADER.split(",")] * 2
    first, second = ([*row.values()] for row in rows)
    assert first == ["small", 0.01, 512, 2, 0.85, None, None]
    assert second == ["NA", 0, 512, 2, None, 0.1, 1]
    assert study_of(dataset={"published": None}).published == []
