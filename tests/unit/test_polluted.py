"""What tests call a polluted account does harm where nothing protects from it."""

import json
import subprocess
import sys

from polluted import polluted, who_imported

SETTINGS = """
import json, locale, sys
import matplotlib, numpy
from matplotlib.font_manager import findfont
locale.setlocale(locale.LC_ALL, "")
print(json.dumps({
    "tex": matplotlib.rcParams["text.usetex"],
    "size": matplotlib.rcParams["font.size"],
    "font": findfont("DejaVu Sans"),
    "draws": [numpy.random.default_rng(0).random() for _ in range(2)],
    "encoding": sys.getfilesystemencoding(),
}))
"""


def test_an_account_changes_figures_and_draws(tmp_path):
    study = tmp_path / "study"
    study.mkdir()
    env = polluted(tmp_path / "account", study) | {"MPLBACKEND": "agg"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SETTINGS],
        cwd=study,
        env=env,
        stdout=subprocess.PIPE,
        check=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["tex"] and found["size"] == 23
    assert "Serif" in found["font"]
    assert found["draws"][0] != found["draws"][1]
    assert found["encoding"] != "utf-8"
    modules = {module for _, module in who_imported(tmp_path / "account")}
    assert {"numpy", "sitecustomize"} <= modules
