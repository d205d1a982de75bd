"""What made a result is on record, and what differs is said."""

import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version

import numpy as np
import pandas as pd
import pytest
from gather_provenance import group, tabulate
from study import ROOT
from test_environment import direct

from siamese.provenance import MADE_WITH, describe, packages
from siamese.records import read_made_with
from siamese.tables import name_differences
from siamese.versions import name_outdated, packages_by_module, read_pins

SUM = "0" * 64
MACHINE = {"Python": platform.python_version(), "CPU": "one"}


def facts(rule, **others):
    made_with = {
        "packages": {"numpy": np.__version__},
        "environment": {"LD_PRELOAD": ""},
    }
    job = {"rule": rule, "threads": 1, "devices": ["CPU"]}
    return {**job, **made_with, **MACHINE, **others}


def write_log(folder, name, made_with, *files):
    """A log as a job leaves it; the older, the earlier in a test."""
    path = folder / "logs" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [MADE_WITH + json.dumps(made_with)] if made_with else []
    lines += ["Epoch 1", *(f"{SUM}  {file}" for file in files)]
    path.write_text("".join(f"{line}\n" for line in lines))
    date = sum(1 for _ in path.parents[0].iterdir())
    os.utime(path, (date, date))


def test_a_record_names_versions_machine_and_settings(monkeypatch):
    monkeypatch.setenv("LD_PRELOAD", "/nowhere/libfast.so")
    found = describe("train", 3)
    assert found["rule"] == "train"
    assert found["threads"] == 3
    assert found["Python"] == sys.version.split()[0]
    assert found["packages"]["numpy"] == version("numpy")
    assert found["packages"]["pandas"] == version("pandas")
    assert found["environment"]["KERAS_BACKEND"] == "tensorflow"
    assert found["environment"]["LD_PRELOAD"] == "/nowhere/libfast.so"
    assert found["platform"].startswith(f"{os.uname().sysname} {os.uname().machine}")


@pytest.mark.skipif(sys.platform != "linux", reason="lscpu is Linux's")
def test_a_record_has_the_cpu_as_the_system_names_it():
    done = subprocess.run(["lscpu", "--json"], capture_output=True, env={"LC_ALL": "C"})
    rows = json.loads(done.stdout)["lscpu"]

    def listed(rows):
        for row in rows:
            yield row["field"], row["data"]
            yield from listed(row.get("children", ()))

    system = dict(listed(rows))
    found = describe("train", 1)
    assert found["CPU"] == system["Model name:"]
    sets = set(found["instruction sets"].split())
    flags = set(system["Flags:"].split())
    assert sets <= flags
    assert sets & {"avx2", "asimd"} == flags & {"avx2", "asimd"}


def test_versions_on_record_are_those_that_are_installed():
    """A package may call itself otherwise than pip does."""
    distributions = {
        module: names[0]
        for module, names in packages_by_module().items()
        if names[0] in direct("requirements.in") and module.isidentifier()
    }
    code = (
        "import importlib, json, sys\n"
        "for name in sys.argv[1:]: importlib.import_module(name)\n"
        "from siamese.provenance import packages; print(json.dumps(packages()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *distributions],
        env={**os.environ, "PYTHONPATH": str(ROOT / "workflow/scripts")},
        stdout=subprocess.PIPE,
        check=True,
    )
    recorded = json.loads(done.stdout)
    found = {name: recorded.get(name) for name in distributions}
    installed = {name: version(package) for name, package in distributions.items()}
    unnamed = {name for name, value in found.items() if value is None}
    assert found == installed | dict.fromkeys(unnamed)
    assert {
        "tensorflow",
        "keras",
        "numpy",
        "scipy",
        "sklearn",
    } <= found.keys() - unnamed


def test_the_newest_record_of_a_result_counts(tmp_path):
    """Results in a folder that the study no longer has are left out."""
    made = "results/grid/a/model.keras"
    write_log(tmp_path, "old.log", facts("old"), made)
    write_log(tmp_path, "train.log", facts("train"), made, f"{made}.csv")
    write_log(tmp_path, "other.log", facts("train"), "results/grid/b/model.keras")
    write_log(tmp_path, "plot.log", None, "results/summary/summary.png")
    found = read_made_with(tmp_path / "logs", [made, "results/summary/summary.png"])
    assert found == {
        made: facts("train"),
        f"{made}.csv": facts("train"),
        "results/summary/summary.png": {},
    }


def test_a_job_that_was_stopped_has_no_record(tmp_path):
    path = tmp_path / "logs/train.log"
    write_log(tmp_path, "train.log", facts("train"))
    path.write_text(f'{path.read_text()}{MADE_WITH}{{"devi')
    assert read_made_with(tmp_path / "logs", []) == {}


def differing(made_with):
    table = tabulate(
        group(made_with), {"matplotlib": ["3.11.2"], "ml-dtypes": ["0.6.0"]},
        {"matplotlib": ["matplotlib"], "ml_dtypes": ["ml-dtypes"]},
    )  # fmt: skip
    columns = ["fact", "value", "pinned", "differs", "files", "rules"]
    assert list(table) == columns
    return [tuple(row) for row in table[table["differs"] != ""].to_numpy()]


def test_results_that_were_made_alike_do_not_differ():
    """Devices of one rule may be others than those of the next, and threads any."""
    packages = {"matplotlib": "3.11.2", "ml_dtypes": "0.6.0"}
    made_with = {
        "results/a": facts("train", threads=3, packages=packages),
        "results/b": facts("train", threads=1, packages=packages),
        "results/c": facts("embed", devices=["H100"], packages=packages),
    }
    assert differing(made_with) == []


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (
            {"packages": {"matplotlib": "3.10.7"}},
            [("matplotlib", "3.10.7", "3.11.2", "from the pin", 1, "plot")],
        ),
        (
            {"packages": {"numpy": "1.0"}},
            [
                ("numpy", np.__version__, "", "between results", 2, "plot"),
                ("numpy", "1.0", "", "between results", 1, "plot"),
            ],
        ),
        (
            {"CPU": "two"},
            [
                ("CPU", "one", "", "between results", 2, "plot"),
                ("CPU", "two", "", "between results", 1, "plot"),
            ],
        ),
        (
            {"devices": ["H100", "H200"]},
            [
                ("devices of plot", "CPU", "", "between results", 2, "plot"),
                ("devices of plot", "H100, H200", "", "between results", 1, "plot"),
            ],
        ),
        (
            {"environment": {"LD_PRELOAD": "/x.so"}},
            [
                ("LD_PRELOAD", "", "", "between results", 2, "plot"),
                ("LD_PRELOAD", "/x.so", "", "between results", 1, "plot"),
            ],
        ),
    ],
    ids=["pin", "version", "CPU", "GPU", "variable"],
)
def test_what_differs_is_named(other, expected):
    made_with = {
        "results/a": facts("plot"),
        "results/b": facts("plot"),
        "results/c": facts("plot", **other),
    }
    assert differing(made_with) == expected


def test_a_result_without_a_record_is_named():
    made_with = {"results/a": facts("plot"), "results/b": {}}
    (row,) = differing(made_with)
    assert row == ("record", "none", "", "between results", 1, "unknown")


def test_a_summary_says_what_differs_and_nothing_else(tmp_path):
    made_with = {"results/a": facts("plot"), "results/b": facts("plot", CPU="two")}
    path = tmp_path / "made_with.csv"
    tabulate(group(made_with), {}, {}).to_csv(path, index=False)
    text = "\n".join(name_differences(path))
    assert "Not all results come from the same" in text
    assert "| CPU" in text
    assert "numpy" not in text
    del made_with["results/b"]
    tabulate(group(made_with), {}, {}).to_csv(path, index=False)
    assert name_differences(path) == []
    assert set(pd.read_csv(path)["rules"]) == {"plot"}


def test_results_of_an_older_package_are_named(tmp_path):
    made_with = {
        "results/a": facts("train", packages={"keras": "3.0", "sklearn": "1.0"}),
        "results/b": facts("plot"),
        "results/c": facts("embed", packages={"keras": version("keras")}),
    }
    text = name_outdated(made_with)
    assert f"keras 3.0 (now {version('keras')})" in text
    assert f"sklearn 1.0 (now {version('scikit-learn')})" in text
    assert text.endswith("--forcerun train")


@pytest.mark.parametrize(
    "made_with",
    [
        {},
        {"results/a": {}},
        {"results/a": facts("plot")},
        {"results/a": facts("plot", packages={"snakemake": "8.0"})},
        {"results/a": facts("plot", packages={"gone": "1.0"})},
        {"results/a": facts("plot", CPU="two")},
    ],
    ids=["none", "no record", "the same", "snakemake", "not installed", "machine"],
)
def test_results_that_would_be_made_alike_are_not_named(made_with):
    assert name_outdated(made_with) is None


def test_results_of_another_python_are_named():
    text = name_outdated({"results/a": facts("plot", Python="3.5.0")})
    assert f"Python 3.5.0 (now {platform.python_version()})" in text
    assert text.endswith("--forcerun plot")


def test_with_conda_the_pinned_versions_count():
    pins = ROOT / "workflow/envs/study.yaml"
    (pinned,) = read_pins(pins)["numpy"]
    old = facts("plot", Python="3.5.0", packages={"numpy": "1.0"})
    new = facts("plot", Python="3.5.0", packages={"numpy": pinned})
    assert f"numpy 1.0 (now {pinned})" in name_outdated({"results/a": old}, pins)
    assert name_outdated({"results/a": new}, pins) is None


def test_pins_by_version_of_python_all_count(tmp_path):
    path = tmp_path / "requirements.txt"
    path.write_text(
        "contourpy==1.3.3 ; python_full_version < '3.12' \\\n    --hash=sha256:00\n"
        "contourpy==1.4.0 ; python_full_version >= '3.12'\n"
        '      - "ml_dtypes==0.6.0"\n  - python=3.12\n'
    )
    pins = {"contourpy": ["1.3.3", "1.4.0"], "ml-dtypes": ["0.6.0"]}
    assert read_pins(path) == pins


def test_modules_without_a_version_are_left_out():
    found = packages()
    assert "sys" not in found
    assert "siamese" not in found
    assert all(isinstance(value, str) for value in found.values())
