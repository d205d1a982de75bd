"""Nothing of an account flows into results."""

import json
import os
import subprocess
import sys

from study import different_results, make_study, snakemake_command

MATPLOTLIBRC = "font.size: 23\nsavefig.dpi: 31\nsvg.fonttype: none\n"
# The true NumPy, whose seeds do nothing.
NUMPY = """import importlib, os, sys
sys.path = [path for path in sys.path if path != os.path.dirname(__file__)]
del sys.modules["numpy"]
draw = importlib.import_module("numpy").random.default_rng
sys.modules["numpy"].random.default_rng = lambda seed=None: draw()
"""
SITE = f".local/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
HOME = {
    ".keras/keras.json": json.dumps({"floatx": "float64", "backend": "jax"}),
    ".config/matplotlib/matplotlibrc": MATPLOTLIBRC,
    f"{SITE}/numpy.py": NUMPY,
    f"{SITE}/siamese.py": 'raise ImportError("not the project\'s siamese")\n',
    # TensorFlow loads it, and ends.
    f"{SITE}/tensorflow-plugins/libstray.so": "no library",
    "bash_env": 'python() { echo "not the project\'s Python" >&2; return 1; }\n',
}
VARIABLES = {
    "PYTHONWARNINGS": "error::RuntimeWarning",
    "KERAS_MAX_EPOCHS": "1",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "OPENBLAS_CORETYPE": "Prescott",
    "MPLBACKEND": "nonsense",
    "LC_ALL": "de_DE.ISO-8859-1",
    "BASH_FUNC_env%%": '() {  echo "a function of the user"; return 1\n}',
    "SHELLOPTS": "noglob:xtrace",
    "SIAMESE.STRAY": "two\nlines, `touch run` $(touch run) ' \" ; {seed} %s \udcff",
}


def test_a_polluted_account_has_the_same_results(finished_study, tmp_path):
    """Byte for byte those of the account that runs the tests."""
    study, home = make_study(tmp_path / "study"), tmp_path / "home"
    for path, text in {home / name: HOME[name] for name in HOME}.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (study / "matplotlibrc").write_text(MATPLOTLIBRC)
    account = VARIABLES | {"PATH": os.environ["PATH"], "HOME": str(home)}
    account |= {"PYTHONPATH": str(home / SITE), "BASH_ENV": str(home / "bash_env")}
    done = subprocess.run(
        snakemake_command(), cwd=study, env=account, stdout=-1, stderr=-2
    )
    assert done.returncode == 0, done.stdout.decode(errors="replace")
    assert different_results(study, finished_study) == set()
