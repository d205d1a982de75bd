"""An account and a shell that have set all they can to change a study's results."""

import copy
import dataclasses
import json
import os
import shutil
import subprocess
import sys

from matplotlib import font_manager

KERAS = {
    "floatx": "float64",
    "epsilon": 0.5,
    "backend": "jax",
    "image_data_format": "channels_first",
    "nnx_enabled": True,
}
MATPLOTLIBRC = """
text.usetex: True
font.family: serif
font.size: 23
figure.facecolor: red
savefig.dpi: 31
savefig.bbox: tight
axes.prop_cycle: cycler(color=['0.5'])
path.simplify_threshold: 1
svg.fonttype: none
"""
PIP = "[global]\nindex-url = http://127.0.0.1:9/simple\nuser = true\nno-deps = true\n"
NETRC = "default login stray password stray\n"
CURLRC = 'proxy = "http://127.0.0.1:9"\n'
# What each module of the user's says when a process imports it; see `who_imported`.
IMPORTED = """import os, sys
with open({log!r}, "a") as file:
    print(sys.argv[0], {name!r}, sep="\\t", file=file)
"""
# The true NumPy, whose seeds do nothing.
NUMPY = """import importlib
sys.path = [path for path in sys.path if path != os.path.dirname(__file__)]
del sys.modules["numpy"]
draw = importlib.import_module("numpy").random.default_rng
sys.modules["numpy"].random.default_rng = lambda seed=None: draw()
"""
MODULES = {
    "numpy": NUMPY,
    "siamese": 'raise ImportError("not the project\'s siamese")\n',
    "sitecustomize": 'os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"\n',
    "usercustomize": 'os.environ["OPENBLAS_CORETYPE"] = "Prescott"\n',
}
BASH_ENV = """
echo noise; echo noise >&2
export TF_ENABLE_ONEDNN_OPTS=0 OPENBLAS_CORETYPE=Prescott KERAS_MAX_EPOCHS=1
export PYTHONPATH={modules!r} PYTHONHASHSEED=1 LC_NUMERIC=de_DE
env() {{ command env OPENBLAS_CORETYPE=Prescott "$@"; }}
python() {{ echo "not the project's Python" >&2; return 1; }}
shopt -s expand_aliases nocasematch extglob
alias env=false exec=false
set -f
IFS=/
CDPATH=/
readonly OPENBLAS_CORETYPE
trap 'export ONEDNN_MAX_CPU_ISA=SSE41 TF_ENABLE_ONEDNN_OPTS=0' DEBUG
"""
FUNCTION = '() {  echo "a function of the user"; return 1\n}'

VARIABLES = {
    # Python
    "PYTHONHASHSEED": "1",
    "PYTHONOPTIMIZE": "1",
    "PYTHONUTF8": "0",
    "PYTHONCOERCECLOCALE": "0",
    "PYTHONIOENCODING": "latin-1:replace",
    "PYTHONINTMAXSTRDIGITS": "640",
    "PYTHONUNBUFFERED": "1",
    "PYTHONBREAKPOINT": "os.abort",
    "PYTHON_CPU_COUNT": "1",
    "PYTHONWARNINGS": "error::RuntimeWarning",
    # Keras and TensorFlow
    "KERAS_BACKEND": "jax",
    "KERAS_MAX_EPOCHS": "1",
    "KERAS_MAX_STEPS_PER_EPOCH": "1",
    "KERAS_NNX_ENABLED": "1",
    "TF_USE_LEGACY_KERAS": "1",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_XLA_FLAGS": "--tf_xla_auto_jit=2 --tf_xla_cpu_global_jit",
    "XLA_FLAGS": "--xla_cpu_enable_fast_math=true",
    "TF_SET_ONEDNN_FPMATH_MODE": "BF16",
    "TF_ONEDNN_ASSUME_FROZEN_WEIGHTS": "1",
    "TF_FUNCTION_JIT_COMPILE_DEFAULT": "1",
    "TF_FLAG_TF_SHAPE_DEFAULT_INT64": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "0",
    "TF_CPP_MAX_VLOG_LEVEL": "1",
    "TF_ENABLE_GPU_GARBAGE_COLLECTION": "0",
    "NVIDIA_TF32_OVERRIDE": "1",
    # Linear algebra, kernels chosen by the CPU
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "ONEDNN_DEFAULT_FPMATH_MODE": "BF16",
    "DNNL_VERBOSE": "1",
    "OPENBLAS_CORETYPE": "Prescott",
    "OPENBLAS_VERBOSE": "2",
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
    "NPY_PROMOTION_STATE": "weak",
    "OMP_DYNAMIC": "true",
    "OMP_DISPLAY_ENV": "true",
    "MKL_CBWR": "COMPATIBLE",
    "SCIPY_ARRAY_API": "1",
    "SKLEARN_ASSUME_FINITE": "1",
    "SKLEARN_WORKING_MEMORY": "1",
    "JOBLIB_MULTIPROCESSING": "0",
    "PANDAS_COPY_ON_WRITE": "0",
    "PANDAS_FUTURE_INFER_STRING": "0",
    # glibc
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512F,-AVX2,-FMA,-FMA4",
    "MALLOC_PERTURB_": "165",
    "MALLOC_ARENA_MAX": "1",
    "LANG": "de_DE",
    "LANGUAGE": "de",
    "TZ": "Pacific/Kiritimati",
    # Figures
    "MPLBACKEND": "nonsense",
    "FREETYPE_PROPERTIES": "truetype:interpreter-version=35",
    "HB_SHAPER_LIST": "fallback",
    "SOURCE_DATE_EPOCH": "0",
    "DISPLAY": ":9",
    # Downloads
    "REQUESTS_CA_BUNDLE": "/dev/null",
    "http_proxy": "http://127.0.0.1:9",
    "all_proxy": "socks5://127.0.0.1:9",
    # bash, and names and values that no script expects
    "BASH_FUNC_env%%": FUNCTION,
    "BASH_FUNC_python%%": FUNCTION,
    "BASH_FUNC_which%%": FUNCTION,
    "CDPATH": "/",
    "SHELLOPTS": "noglob:xtrace",
    "BASHOPTS": "nocasematch:extglob",
    "PS4": "$(touch traced)",
    "SIAMESE.STRAY": "1",
    "SIAMESE_STRAY": "two\nlines, `touch run` $(touch run) ' \" ; {seed} %s \udcff",
}


def polluted(folder, study):
    """Make an account's files and return the environment of a shell of its own.

    Snakemake itself starts in it; what a job lets through changes or ends it.

    Parameters
    ----------
    folder : pathlib.Path
        A new folder, for the account's home and the files that variables name.
    study : pathlib.Path
        The folder that snakemake will run in; it gets a matplotlibrc.

    Returns
    -------
    dict of str to str
        A whole environment: of the present one PATH alone is taken.
    """
    folder = folder.absolute()
    home, modules = folder / "home", folder / "modules"
    version = ".".join(map(str, sys.version_info[:2]))
    site = home / f".local/lib/python{version}/site-packages"
    for path in (modules, site):
        write_modules(path, folder / "imported.tsv")
    for path, text in {
        ".keras/keras.json": json.dumps(KERAS),
        ".config/matplotlib/matplotlibrc": MATPLOTLIBRC,
        ".config/pip/pip.conf": PIP,
        ".netrc": NETRC,
        ".curlrc": CURLRC,
    }.items():
        write(home / path, text)
    (home / ".netrc").chmod(0o600)
    # TensorFlow loads what is there even where Python looks at no site of the user.
    write(site / "tensorflow-plugins/libstray.so", "no library")
    # The cache that Matplotlib would read.
    name = f"fontlist-v{font_manager.FontManager.__version__}.json"
    for cache in (".config/matplotlib", ".cache/matplotlib", "xdg/matplotlib"):
        (home / cache).mkdir(parents=True, exist_ok=True)
        font_manager.json_dump(mixed_up_fonts(), home / cache / name)
    write(study / "matplotlibrc", MATPLOTLIBRC)
    write(folder / "bash_env", BASH_ENV.format(modules=str(modules)))
    return VARIABLES | {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PYTHONPATH": str(modules),
        "PYTHONUSERBASE": str(home / ".local"),
        "PYTHONSTARTUP": str(modules / "siamese.py"),
        "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
        "KERAS_HOME": str(home / ".keras"),
        "MATPLOTLIBRC": str(study),
        "MPLCONFIGDIR": str(home / ".config/matplotlib"),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_CACHE_HOME": str(home / "xdg"),
        "PIP_CONFIG_FILE": str(home / ".config/pip/pip.conf"),
        "NETRC": str(home / ".netrc"),
        "CURL_HOME": str(home),
        "BASH_ENV": str(folder / "bash_env"),
        "ENV": str(folder / "bash_env"),
        **latin_locale(folder / "locales"),
    }


def who_imported(folder):
    """Processes that imported a module of the polluted account.

    Returns
    -------
    set of (str, str)
        sys.argv[0] and the module's name. `-m` or a path to snakemake is its main
        process.
    """
    path = folder / "imported.tsv"
    lines = path.read_text().splitlines() if path.exists() else []
    return {tuple(line.split("\t")) for line in lines}


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def write_modules(folder, log):
    """Write modules by names that others have, which change results."""
    for name, code in MODULES.items():
        text = IMPORTED.format(log=str(log), name=name) + code
        write(folder / f"{name}.py", text)


def mixed_up_fonts():
    """Matplotlib's list of fonts, in which another goes as DejaVu Sans."""
    fonts = copy.deepcopy(font_manager.fontManager)
    names = {"DejaVu Sans": "none", "DejaVu Serif": "DejaVu Sans"}
    fonts.ttflist = [
        dataclasses.replace(entry, name=names.get(entry.name, entry.name))
        for entry in fonts.ttflist
    ]
    return fonts


def latin_locale(folder):
    """Variables of a locale with decimal commas that is not UTF-8, made if it can be.

    Debian's package locales has its sources; elsewhere it is ASCII.
    """
    name = "de_DE.ISO-8859-1"
    if shutil.which("localedef"):
        folder.mkdir()
        command = ["localedef", "-i", "de_DE", "-f", "ISO-8859-1", str(folder / name)]
        # It ends with a warning as with an error.
        subprocess.run(command, capture_output=True)
    if (folder / name / "LC_CTYPE").exists():
        return {"LC_ALL": name, "LOCPATH": str(folder)}
    return {"LC_ALL": "C"}
