"""Nothing of an account flows into results: a study in two that differ in all."""

import os
import subprocess
import sys

import pytest
from polluted import polluted, who_imported
from study import ROOT, different_results, make_study, snakemake_command

GRID = {"size": ["small"], "l2": [0.01], "batch_size": [64], "epochs": [2]}
POINT = "size~small,l2~0.01,batch_size~64,epochs~2,seed~0"


def run(study, environment):
    return subprocess.run(
        snakemake_command(),
        cwd=study,
        env=environment,
        capture_output=True,
        text=True,
        errors="replace",
    )


def test_an_empty_and_a_polluted_account_have_the_same_results(
    finished_study, tmp_path
):
    """Byte for byte; those of a grid point also as the developer's account has them."""
    minimal, study = tmp_path / "minimal", tmp_path / "study"
    for folder in (minimal, study):
        make_study(folder, grid=GRID)
    accounts = {
        minimal: {"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        study: polluted(tmp_path / "account", study),
    }
    for folder, account in accounts.items():
        done = run(folder, account)
        assert done.returncode == 0, done.stdout + done.stderr
    assert different_results(study, minimal) == set()
    different = different_results(study, finished_study)
    assert not [path for path in different if POINT in path and (study / path).exists()]
    jobs = {program for program, _ in who_imported(tmp_path / "account")}
    assert not [program for program in jobs if ".snakemake/scripts" in program]


@pytest.mark.parametrize("place", ["PYTHONPATH", "user site"])
def test_another_copy_of_the_code_is_not_run(tmp_path, place):
    """Of two copies, the one that snakemake runs in has a constant edited."""
    study = make_study(tmp_path / "study", grid=GRID)
    path = study / "workflow/scripts/verify_loss.py"
    path.write_text(path.read_text().replace("TOLERANCE = 1e-5", "TOLERANCE = -1"))
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    if place == "PYTHONPATH":
        environment["PYTHONPATH"] = str(ROOT / "workflow/scripts")
    else:
        version = ".".join(map(str, sys.version_info[:2]))
        site = tmp_path / f".local/lib/python{version}/site-packages"
        site.mkdir(parents=True)
        (site / "siamese.py").write_text("raise ImportError\n")
    command = [*snakemake_command(), "results/verification/loss.txt"]
    done = subprocess.run(
        command, cwd=study, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "expected equal to -1" in done.stdout + done.stderr
