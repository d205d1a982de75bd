"""An account and a shell that have set what they can to change a study's results."""

import copy
import dataclasses
import json
import os
import subprocess
import sys

from matplotlib import font_manager

MATPLOTLIBRC = (
    "font.family: serif\nfont.size: 23\nsavefig.dpi: 31\nsvg.fonttype: none\n"
)
# The true NumPy, whose seeds do nothing.
NUMPY = """import importlib, os, sys
sys.path = [path for path in sys.path if path != os.path.dirname(__file__)]
del sys.modules["numpy"]
draw = importlib.import_module("numpy").random.default_rng
sys.modules["numpy"].random.default_rng = lambda seed=None: draw()
"""
MODULES = {
    "numpy.py": NUMPY,
    "siamese.py": 'raise ImportError("not the project\'s siamese")\n',
    "sitecustomize.py": 'import os\nos.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"\n',
    "usercustomize.py": 'import os\nos.environ["OPENBLAS_CORETYPE"] = "Prescott"\n',
    # TensorFlow loads it, and ends.
    "tensorflow-plugins/libstray.so": "no library",
}
BASH_ENV = """
export TF_ENABLE_ONEDNN_OPTS=0 OPENBLAS_CORETYPE=Prescott PYTHONHASHSEED=1
env() { command env OPENBLAS_CORETYPE=Prescott "$@"; }
python() { echo "not the project's Python" >&2; return 1; }
shopt -s expand_aliases nocasematch
alias env=false exec=false
IFS=/
readonly OPENBLAS_CORETYPE
trap 'export ONEDNN_MAX_CPU_ISA=SSE41 TF_ENABLE_ONEDNN_OPTS=0' DEBUG
"""
FUNCTION = '() {  echo "a function of the user"; return 1\n}'
# With each of them alone a job has other results, or fails, where nothing protects it,
# but for the last ones: names and values that no script expects.
VARIABLES = {
    "PYTHONWARNINGS": "error::RuntimeWarning",
    "PYTHONOPTIMIZE": "1",
    "PYTHONIOENCODING": "latin-1:replace",
    "KERAS_BACKEND": "jax",
    "KERAS_MAX_EPOCHS": "1",
    "KERAS_MAX_STEPS_PER_EPOCH": "1",
    "KERAS_NNX_ENABLED": "1",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_XLA_FLAGS": "--tf_xla_auto_jit=2 --tf_xla_cpu_global_jit",
    "TF_ONEDNN_ASSUME_FROZEN_WEIGHTS": "1",
    "TF_FUNCTION_JIT_COMPILE_DEFAULT": "1",
    "TF_FLAG_TF_SHAPE_DEFAULT_INT64": "1",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "OPENBLAS_CORETYPE": "Prescott",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512F,-AVX2,-FMA,-FMA4",
    "MPLBACKEND": "nonsense",
    "FREETYPE_PROPERTIES": "truetype:interpreter-version=35",
    "HB_SHAPER_LIST": "fallback",
    "http_proxy": "http://127.0.0.1:9",
    "LANG": "de_DE",
    "LC_ALL": "de_DE.ISO-8859-1",
    "BASH_FUNC_env%%": FUNCTION,
    "BASH_FUNC_python%%": FUNCTION,
    "SHELLOPTS": "noglob:xtrace",
    "PS4": "$(touch traced)",
    "SIAMESE.STRAY": "1",
    "SIAMESE_STRAY": "two\nlines, `touch run` $(touch run) ' \" ; {seed} %s \udcff",
}


def polluted(folder, study):
    """Make an account's files; return the variables of a shell of its own, all of them.

    Snakemake itself starts with them. The account's home is in `folder`, which is new;
    the folder `study` gets a matplotlibrc.
    """
    home, modules = folder / "home", folder / "modules"
    version = ".".join(map(str, sys.version_info[:2]))
    site = home / f".local/lib/python{version}/site-packages"
    keras = {
        "floatx": "float64",
        "backend": "jax",
        "image_data_format": "channels_first",
    }
    texts = {
        home / ".keras/keras.json": json.dumps(keras),
        home / "matplotlib/matplotlibrc": MATPLOTLIBRC,
        study / "matplotlibrc": MATPLOTLIBRC,
        folder / "bash_env": BASH_ENV,
        **{
            place / name: MODULES[name] for place in (modules, site) for name in MODULES
        },
    }
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    # Matplotlib's list of fonts, in which another goes as DejaVu Sans.
    fonts = copy.deepcopy(font_manager.fontManager)
    names = {"DejaVu Sans": "none", "DejaVu Serif": "DejaVu Sans"}
    fonts.ttflist = [
        dataclasses.replace(entry, name=names.get(entry.name, entry.name))
        for entry in fonts.ttflist
    ]
    name = f"fontlist-v{font_manager.FontManager.__version__}.json"
    font_manager.json_dump(fonts, home / "matplotlib" / name)
    # A locale with decimal commas that is not UTF-8, as far as the system has one.
    locale = (
        "localedef",
        "-i",
        "de_DE",
        "-f",
        "ISO-8859-1",
        folder / "de_DE.ISO-8859-1",
    )
    subprocess.run(locale, capture_output=True)
    return VARIABLES | {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PYTHONPATH": str(modules),
        "PYTHONUSERBASE": str(home / ".local"),
        "KERAS_HOME": str(home / ".keras"),
        "MATPLOTLIBRC": str(study),
        "MPLCONFIGDIR": str(home / "matplotlib"),
        "LOCPATH": str(folder),
        "BASH_ENV": str(folder / "bash_env"),
        "ENV": str(folder / "bash_env"),
    }
