"""Nothing of an account flows into results."""

import json
import subprocess
import sys

from polluted import polluted
from study import different_results, make_study, snakemake_command

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


def test_a_polluted_account_has_the_same_results(finished_study, tmp_path):
    """Byte for byte those of the account that runs the tests."""
    study = make_study(tmp_path / "study")
    done = subprocess.run(
        snakemake_command(),
        cwd=study,
        env=polluted(tmp_path / "account", study),
        stdout=-1,
        stderr=-2,
    )
    assert done.returncode == 0, done.stdout.decode(errors="replace")
    assert different_results(study, finished_study) == set()
