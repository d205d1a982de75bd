"""Nothing of an account flows into results: a study in two that differ in all."""

import json
import os
import subprocess
import sys

from polluted import polluted
from study import different_results, make_study, snakemake_command

GRID = {"size": ["small"], "l2": [0], "batch_size": [64], "epochs": [2]}
POINT = "size~small,l2~0,batch_size~64,epochs~2,seed~0"
HARM = """
import json, sys
import matplotlib, numpy
from matplotlib.font_manager import findfont
size = matplotlib.rcParams["font.size"]
draws = {numpy.random.default_rng(0).random() for _ in range(2)}
print(json.dumps([size, len(draws), findfont("DejaVu Sans")]))
"""


def test_an_account_does_harm_where_nothing_protects_from_it(tmp_path):
    account = polluted(tmp_path / "account", tmp_path)
    # Python itself would end with it.
    account |= {"MPLBACKEND": "agg", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, "-c", HARM], cwd=tmp_path, env=account, stdout=-1, check=True
    )
    size, draws, font = json.loads(done.stdout)
    assert (size, draws) == (23, 2)
    assert font.endswith("DejaVuSerif.ttf")


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
        done = subprocess.run(
            snakemake_command(), cwd=folder, env=account, stdout=-1, stderr=-2
        )
        assert done.returncode == 0, done.stdout.decode(errors="replace")
    assert different_results(study, minimal) == set()
    assert (study / "results/grid" / POINT / "metrics.json").exists()
    different = different_results(study, finished_study)
    assert not [path for path in different if POINT in path and (study / path).exists()]
