"""What made a result is on record, and what differs is said."""

import os
import re
import subprocess
import sys
from importlib.metadata import version

import pytest
from gather_provenance import gather, tabulate

from siamese.records import MADE_WITH, Record, describe, read_records

SUM = "0" * 64
MADE = "results/grid/a/model.keras"
SUMMARY = "results/summary/summary.png"


def test_a_record_names_versions_machine_and_settings(monkeypatch):
    variables = {"LD_PRELOAD": "/nowhere/libfast.so", "TF_SOMETHING": "1"}
    monkeypatch.setattr(os, "environ", variables)
    facts = describe("train", 3)
    assert (facts["rule"], facts["threads"]) == ("train", 3)
    assert facts["packages"]["numpy"] == version("numpy")
    assert variables.items() <= facts["environment"].items()
    assert facts["platform"].startswith(f"{os.uname().sysname} {os.uname().machine}")


@pytest.mark.skipif(sys.platform != "linux", reason="lscpu is Linux's")
def test_a_record_has_the_cpu_as_the_system_names_it():
    listed = subprocess.run(["lscpu"], stdout=-1, env={"LC_ALL": "C"}, text=True).stdout
    facts, flags = describe("train", 1), re.search("Flags: *(.*)", listed)[1].split()
    assert re.search(f"Model name: *{re.escape(facts['CPU'])}\n", listed)
    sets = [flag for flag in sorted(flags) if flag.startswith(("avx", "fma", "asimd"))]
    assert {*sets} <= {*facts["instruction sets"].split()} <= {*flags}


def test_logs_are_read_from_the_oldest_on_without_those_of_stopped_jobs(tmp_path):
    texts = {
        "b.log": f'{MADE_WITH}{{"rule": "b"}}\n{SUM}  study/{MADE}\n',
        "a.log": f'{MADE_WITH}{{"rule": "a"}}\n{MADE_WITH}{{"devices": ["CPU"]}}\n'
        f"Epoch 1\n{SUM}  {MADE}\n{SUM}  {SUMMARY}\n",
        "stopped.log": f'{MADE_WITH}{{"rule": "x"}}\n{MADE_WITH}{{"devi',
    }
    for date, (name, text) in enumerate(texts.items()):
        (tmp_path / name).write_text(text)
        os.utime(tmp_path / name, (date, date))
    facts = {"rule": "a", "devices": ["CPU"]}
    assert list(read_records(tmp_path)) == [
        (tmp_path / "b.log", {"rule": "b"}, {MADE: SUM}),
        (tmp_path / "a.log", facts, {MADE: SUM, SUMMARY: SUM}),
    ]


def test_results_that_were_made_alike_are_together():
    """Without what is in other folders, or made later."""
    old, new = {"rule": "old"}, {"rule": "train"}
    records = [
        Record(None, old, {MADE: SUM, "results/grid/gone/model.keras": SUM}),
        Record(None, new, {MADE: SUM, f"{MADE}.csv": SUM, "results/grid/a/late": SUM}),
    ]
    assert gather(records, [MADE, SUMMARY], ["results/grid/a/late"]) == [
        {"made_with": new, "files": [MADE, f"{MADE}.csv"]},
        {"made_with": {}, "files": [SUMMARY]},
    ]


BETWEEN = ("", "between results")
PIN = ("0.6.0 or 0.7", "from the pin")
CPU = ("devices of plot", "CPU", *BETWEEN)
GPUS = ("devices of plot", "H1, H2", *BETWEEN)


@pytest.mark.parametrize(
    ("other", "rows"),
    [
        ({"threads": 3, "packages": {"ml_dtypes": "0.6.0"}}, []),
        ({"rule": "train", "devices": ["H100"]}, []),
        ({"packages": {"ml_dtypes": "0.5"}}, [("ml_dtypes", "0.5", *PIN, 1, "plot")]),
        ({"devices": ["H1", "H2"]}, [(*CPU, 2, "plot"), (*GPUS, 1, "plot")]),
        ({}, [("record", "none", *BETWEEN, 1, "unknown")]),
    ],
)
def test_what_differs_is_named(other, rows):
    facts = {"rule": "plot", "threads": 1, "CPU": "one", "devices": ["CPU"]}
    groups = [{"made_with": facts, "files": ["a", "b"]}]
    groups += [{"made_with": other and facts | other, "files": ["c"]}]
    table = tabulate(groups, '- "ml-dtypes==0.6.0"\n  - "ml-dtypes==0.7 ; on Linux"\n')
    assert [*table] == ["fact", "value", "pinned", "differs", "files", "rules"]
    assert [tuple(x) for x in table.to_numpy() if x[3]] == rows
