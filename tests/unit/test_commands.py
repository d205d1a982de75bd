"""The commands of study.py, and mistakes that they tell in one line."""

import hashlib
import json
import runpy
import shutil
from pathlib import Path

import pytest
from commands import run
from commands.pin import with_digest
from PIL import Image

from siamese.errors import StudyError
from siamese.stats.metrics import METRICS
from siamese.study.columns import TEST_SETS

ROOT = Path(__file__).parents[2]
MAIN = runpy.run_path(str(ROOT / "workflow/study.py"))["main"]


def call(capsys, *words):
    """The lines that a command prints, and the mistake that ends it, or None."""
    try:
        mistake = MAIN([*map(str, words)])
    except SystemExit as error:
        mistake = error.code
    return [*capsys.readouterr().out.splitlines(), mistake]


def test_a_machine_is_used():
    machines = {(2, 22_000, 0, 0): 2, (16, 8_000, 0, 0): 5, (4, 900, 0, 0): 1}
    machines |= {(16, 64_000, 0, 4): 4, (64, 500_000, 8, 0): 8, (16, 64_000, 1, 4): 4}
    for machine, n in machines.items():
        assert run.choose(*machine)[1::2] == [f"gpu={n}", str(machine[0] + 1)]


def test_run_prints_what_it_chose_and_runs_it(capsys, monkeypatch):
    monkeypatch.setattr("os.execv", lambda _, words: print(*words[2:]))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    words = ("run", "--cores", 3, "--gpus=", "best", "--configfile", "a b")
    machine, command, ran, _ = call(capsys, *words)
    assert machine.startswith("This machine: 3 cores, ")
    assert machine.endswith(" GB of memory free, GPUs of NVIDIA: 2")
    assert ran == "snakemake --resources gpu=2 --cores 4 best --configfile a b"
    assert command == ran.replace("a b", "'a b'")


def test_verify_names_what_is_wrong(tmp_path, capsys):
    assert "found no results" in call(capsys, "verify", "--directory", tmp_path)[0]
    names = ("results/changed", "results/missing", "results/unknown")
    for name in ("logs/README", "results/README.md", *names):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("content")
        line = f"{hashlib.sha256(b'content').hexdigest()}  {name}\n"
        (tmp_path / f"logs/{Path(name).stem}.log").write_text(line)
    assert "3 files as their jobs" in call(capsys, "verify", "-d", tmp_path)[0]
    (tmp_path / names[0]).write_text("other")
    (tmp_path / names[1]).unlink()
    (tmp_path / "logs/unknown.log").unlink()
    *lines, error = call(capsys, "verify", "-d", tmp_path)
    assert [line.split(": ")[0] for line in lines] == [f"{tmp_path / n}" for n in names]
    assert error.startswith("Error: 3 of 3 files")


def test_two_grid_points_are_compared(tmp_path, capsys):
    folders = [tmp_path / f"size~small,l2~{l2},seed~0" for l2 in (0, 0.01)]
    for folder, value in zip(folders, (0.1, 0.4), strict=True):
        judged = dict.fromkeys((*METRICS, "accuracy_low", "accuracy_high"), value)
        metrics = dict.fromkeys(("threshold_tuned", "threshold_unseen", "collapsed"), 0)
        metrics |= dict.fromkeys(TEST_SETS, judged)
        folder.mkdir()
        (folder / "metrics.json").write_text(json.dumps(metrics))
    lines = [str(line).split() for line in call(capsys, "compare", *folders)]
    assert lines[1] == ["l2", "0", "0.01"]
    assert ["AUC", "on", "B", "0.1000", "0.4000", "0.3000"] in lines
    assert "expected the folder" in call(capsys, "compare", tmp_path, tmp_path)[0]


def test_two_studies_are_compared(tmp_path, capsys):
    folders = [tmp_path / "replicates", tmp_path / "best_settings"]
    for folder in folders:
        (folder / "summary").mkdir(parents=True)
        table = ROOT / f"docs/results/{folder.name}.csv"
        shutil.copy(table, folder / "summary/settings.csv")
        record = {"config": {"sizes": {"small": 16}, "of": folder.name}}
        (folder / "provenance.json").write_text(json.dumps(record))
    _, differs, *lines, _ = call(capsys, "compare", *folders)
    assert differs.split() == ["of", "replicates", "best_settings"]
    (line,) = [
        line for line in lines if "B, %: small, L2 0.01, batch size 1024" in line
    ]
    assert line.split()[-3:] == ["77.3087", "75.5465", "-1.7622"]


MODEL = {
    "shape": [28, 28, 1],
    "preparation": {"shape": [28, 28, 1], "method": "makers"},
}


def test_pictures_that_cannot_be_compared(tmp_path, capsys):
    words = ["compare-images", tmp_path / "a.png", "b", "--model", tmp_path]
    assert "make one with snakemake best" in call(capsys, *words)[0]
    (tmp_path / "model.json").write_text(json.dumps(MODEL))
    Image.new("L", (9, 9), 7).save(tmp_path / "a.png")
    assert "a.png: no picture to compare: found nothing but" in call(capsys, *words)[0]


def test_pin_edits_the_config(tmp_path):
    path, text = tmp_path / "mine.yaml", "dataset:\n  # a\n  name: x\nseeds: [0]"
    path.write_text(text)
    path.write_text(with_digest(path, "abc"))
    assert with_digest(path, "def") == text.replace("  name", "  digest: def\n  name")
    for wrong in ("dataset: {name: x}", "seeds: [0]"):
        path.write_text(wrong)
        with pytest.raises(StudyError, match="expected a study's YAML"):
            with_digest(path, "abc")
