"""`make` sets the environment up alike, whatever its user has set for other work.

Here with a package of a few bytes, from a folder, in place of TensorFlow.
"""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile

import install
import pytest
from study import ROOT

XDG = pytest.mark.skipif(sys.platform == "darwin", reason="pip heeds XDG_* on Linux")
# Shows what a target's commands find.
SHOW = """import json, os, sys
print(json.dumps({"utf8": sys.flags.utf8_mode, "variables": dict(os.environ)}))
"""


def make_wheel(folder, package, code):
    """Write the wheel of `package` 1.0, a module with this code."""
    info = f"{package}-1.0.dist-info"
    files = {
        f"{package}.py": code,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n",
    }
    record = ""
    for name, text in files.items():
        digest = hashlib.sha256(text.encode()).digest()
        digest = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        record += f"{name},sha256={digest},{len(text.encode())}\n"
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    path = folder / f"{package}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
    return path


def lock(project, name, package, code, version="1.0"):
    """Let a lock pin `package` 1.0, and its .in file this version of it."""
    wheel = make_wheel(project / "wheels", package, code)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (project / f"{name}.txt").write_text(f"{package}==1.0 --hash=sha256:{digest}\n")
    (project / f"{name}.in").write_text(f"# Why.\n{package}=={version}\n")


def own_variables(project, **variables):
    """An account in which only these variables are set."""
    home = project.parent / "home"
    home.mkdir(exist_ok=True)
    return {"PATH": os.environ["PATH"], "HOME": str(home)} | variables


def make(project, *arguments, **variables):
    return subprocess.run(
        ["make", "--no-print-directory", f"PYTHON={sys.executable}", *arguments],
        cwd=project,
        env=own_variables(project, **variables),
        capture_output=True,
        text=True,
    )


def installed(project, module):
    return list((project / ".venv").glob(f"lib/python*/site-packages/{module}.py"))


@pytest.fixture(scope="module")
def bare_project(tmp_path_factory):
    """The project with tiny packages and no environment. Do not change it."""
    project = tmp_path_factory.mktemp("bare") / "Ärmel & Schuhe"
    (project / "workflow").mkdir(parents=True)
    (project / "wheels").mkdir()
    shutil.copy(ROOT / "Makefile", project)
    shutil.copy(ROOT / "workflow/install.py", project / "workflow")
    (project / "workflow/verify.py").write_text(SHOW)
    lock(project, "requirements", "tiny", "")
    lock(project, "requirements-dev", "tinytool", "")
    lock(project, "requirements-cuda", "tinycuda", "")
    (project / "requirements-cuda.in").unlink()
    return project


@pytest.fixture(scope="module")
def made_project(bare_project, tmp_path_factory):
    """With the runtime's environment, made in a hostile account. Do not change it."""
    project = tmp_path_factory.mktemp("made") / bare_project.name
    shutil.copytree(bare_project, project)
    elsewhere = project.parent / "elsewhere"
    done = make(
        project,
        ".venv/ready-requirements.txt",
        CUDA="/usr/local/cuda",
        PIP_FIND_LINKS="wheels",
        PIP_NO_INDEX="1",
        PIP_PREFIX=str(elsewhere),
        PIP_USER="1",
        PYTHONHOME=str(elsewhere),
        PYTHONUSERBASE=str(elsewhere),
        VIRTUAL_ENV=str(elsewhere),
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert installed(project, "tiny")
    assert not elsewhere.exists()
    return project


@pytest.fixture
def project(made_project, tmp_path):
    """With the runtime's environment, to which a test adds requirements-dev.txt."""
    path = tmp_path / made_project.name
    shutil.copytree(made_project, path, symlinks=True)
    return path


NETWORK = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "wheels"}


@pytest.mark.parametrize(
    "variables",
    [
        {"PIP_USER": "1"},
        {"PIP_PREFIX": "{elsewhere}"},
        {"PIP_TARGET": "{elsewhere}"},
        {
            "PIP_ROOT": "{elsewhere}",
            "PIP_DRY_RUN": "1",
            "PIP_NO_BINARY": ":all:",
            "PIP_CONSTRAINT": "{elsewhere}",
            "PIP_REQUIREMENT": "{elsewhere}",
            "PIP_PYTHON": "{elsewhere}",
            "PIP_UPLOADED_PRIOR_TO": "2001-01-01",
            "PIP_VERSION": "26.3",
            "PIP_QUIET": "3",
            "PIP_ISOLATED": "1",
        },
    ],
    ids=lambda variables: next(iter(variables)),
)
def test_only_network_variables_of_pip_count(project, variables):
    elsewhere = project.parent / "elsewhere"
    variables = {n: at.format(elsewhere=elsewhere) for n, at in variables.items()}
    done = make(project, ".venv/ready-requirements-dev.txt", **NETWORK, **variables)
    assert (done.returncode, done.stderr) == (0, "")
    assert installed(project, "tinytool")
    assert not elsewhere.exists()


@pytest.mark.parametrize(
    "variable",
    [
        "PIP_CONFIG_FILE",
        "HOME",
        pytest.param("XDG_CONFIG_HOME", marks=XDG),
        pytest.param("XDG_CONFIG_DIRS", marks=XDG),
    ],
)
def test_only_network_options_of_pip_conf_count(project, variable):
    elsewhere = project.parent / "elsewhere"
    places = {"PIP_CONFIG_FILE": "pip.conf", "HOME": ".config/pip/pip.conf"}
    folder = project.parent / "settings"
    file = folder / places.get(variable, "pip/pip.conf")
    file.parent.mkdir(parents=True)
    file.write_text(
        f"[global]\nuser = true\nprefix = {elsewhere}\nquiet = 3\nno_index = true\n"
        f"[install]\ntarget = {elsewhere}\nfind-links = wheels\n"
    )
    place = file if variable == "PIP_CONFIG_FILE" else folder
    done = make(project, ".venv/ready-requirements-dev.txt", **{variable: str(place)})
    assert (done.returncode, done.stderr) == (0, "")
    assert installed(project, "tinytool")
    assert not elsewhere.exists()


def test_a_module_of_pythonpath_is_not_taken(project):
    folder = project.parent / "modules"
    folder.mkdir()
    for name in ("pip", "tinytool"):
        (folder / f"{name}.py").write_text("raise SystemExit('of PYTHONPATH')\n")
    done = make(
        project,
        ".venv/ready-requirements-dev.txt",
        **NETWORK,
        PYTHONPATH=str(folder),
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert installed(project, "tinytool")


@XDG
def test_of_several_files_the_value_counts_that_pip_takes(tmp_path, monkeypatch):
    """A variable before the user's file, that before the machine's; a section of
    `pip install` before that of all commands."""
    # By name the one that counts is neither first nor last.
    old, user, machine = (tmp_path / name for name in ("a/.pip", "m/pip", "z/pip"))
    for folder in (old, user, machine):
        folder.mkdir(parents=True)
        name = folder.parent.name
        (folder / "pip.conf").write_text(
            f"[global]\nindex_url = https://{name}/\ntimeout = 1\nproxy = {name}\n"
            f"user = true\n[install]\ntimeout = 2\n"
            "extra-index-url =\n  https://one/\n  https://two/\n"
        )
    for name in list(os.environ):
        if name.startswith("PIP_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(old.parent))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(user.parent))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(machine.parent))
    monkeypatch.setenv("PIP_PROXY", "variable")
    found = {name: value.strip() for name, value in install.network_options().items()}
    expected = {
        "index-url": "https://m/",
        "extra-index-url": "https://one/\nhttps://two/",
        "timeout": "2",
        "proxy": "variable",
    }
    # This machine may have more, in /etc/pip.conf.
    assert expected.items() <= found.items()
    assert found.keys() <= set(install.NETWORK)


@pytest.mark.parametrize(
    ("code", "version", "found"),
    [
        ("import missing", "1.0", "import tinytool: ModuleNotFoundError: No module"),
        ("raise SystemExit('early')", "1.0", "import tinytool"),
        ("import os; os.kill(os.getpid(), 9)", "1.0", "import tinytool: Killed"),
        ("", "2.0", "tinytool: found 1.0, expected version 2.0"),
        ("__file__ = '/elsewhere.py'", "1.0", "import tinytool: found /elsewhere.py"),
    ],
)
def test_what_cannot_be_imported_is_not_ready(project, code, version, found):
    lock(project, "requirements-dev", "tinytool", code, version)
    done = make(project, ".venv/ready-requirements-dev.txt", **NETWORK)
    error, end = done.stderr.splitlines()
    assert error.startswith(
        f"Error: requirements-dev.txt: it is installed into {project / '.venv'}, "
        f"but does not work: {found}"
    )
    assert error.endswith("and run the same command again")
    assert end.startswith("make: ***")
    assert done.returncode == 2
    assert not (project / ".venv/ready-requirements-dev.txt").exists()


def test_what_pip_cannot_install_is_not_ready(project):
    (project / "wheels/tinytool-1.0-py3-none-any.whl").unlink()
    done = make(project, ".venv/ready-requirements-dev.txt", **NETWORK)
    error, end = done.stderr.splitlines()
    assert error.startswith("Error: requirements-dev.txt: pip could not install it ")
    assert "No matching distribution found for tinytool==1.0" in error
    assert end.startswith("make: ***")
    assert not (project / ".venv/ready-requirements-dev.txt").exists()


def test_settings_that_pip_cannot_read_are_told_in_one_line(project):
    (project / "pip.conf").write_text("index-url = https://mirror/\n")
    done = make(project, ".venv/ready-requirements-dev.txt", PIP_CONFIG_FILE="pip.conf")
    error, _ = done.stderr.splitlines()
    assert error.startswith("Error: pip's settings: ")
    assert "pip.conf" in error
    assert not (project / ".venv/ready-requirements-dev.txt").exists()


def test_a_python_that_makes_no_environment_is_passed_over(bare_project, tmp_path):
    """As Debian's is, without python3-venv."""
    python = tmp_path / "python3"
    python.write_text(
        f'#!/bin/sh\n[ "$1" = -c ] && exit 1\nexec "{sys.executable}" "$@"'
    )
    python.chmod(0o755)
    done = make(bare_project, ".venv/ready-requirements.txt", f"PYTHON={python}")
    error, _ = done.stderr.splitlines()
    assert error.startswith(f"Error: Python: found {python} (Python 3.")
    assert "with the module ensurepip (Debian: apt install python3-venv)" in error
    assert not (bare_project / ".venv").exists()


def commands(project, *arguments, **variables):
    """What make would run, from nothing."""
    done = make(project, "--dry-run", *arguments, **variables)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("value", ["1", "0", "/usr/local/cuda"])
def test_an_exported_variable_is_no_switch(bare_project, value):
    names = ("CORES", "GPUS", "ARGS", "TESTS", "CUDA", "PYTHON")
    exported = dict.fromkeys(names, value)
    for target in ("run", "test"):
        assert commands(bare_project, target, **exported) == commands(
            bare_project, target
        )


@pytest.mark.parametrize(
    ("arguments", "wanted"), [(["CUDA=1"], True), (["CUDA=0"], False), ([], False)]
)
def test_cuda_1_alone_adds_the_cuda_libraries(bare_project, arguments, wanted):
    ran = commands(bare_project, "run", *arguments)
    assert ("requirements-cuda.txt" in ran) == wanted


@pytest.mark.parametrize("value", ["yes", "/usr/local/cuda", "1 1"])
def test_another_value_of_cuda_is_refused(bare_project, value):
    done = make(bare_project, "run", f"CUDA={value}")
    assert done.returncode == 2
    (error,) = done.stderr.splitlines()
    assert f"CUDA: found '{value}', expected 1 " in error


def test_cuda_libraries_are_tried_by_what_uses_them(project):
    """They have no .in file of their own: TensorFlow loads them."""
    lock(project, "requirements", "tiny", "raise OSError('libcudart.so')")
    with zipfile.ZipFile(project / "wheels/tiny-1.0-py3-none-any.whl") as wheel:
        wheel.extract("tiny.py", installed(project, "tiny")[0].parent)
    ready = project / ".venv/ready-requirements.txt"
    os.utime(ready)
    done = make(project, ".venv/ready-requirements-cuda.txt", **NETWORK)
    assert "import tiny: OSError: libcudart.so" in done.stderr
    assert not (project / ".venv/ready-requirements-cuda.txt").exists()


def test_a_target_sees_neither_switches_nor_pythons_variables(made_project):
    python = {"PYTHONPATH": "/elsewhere", "PYTHONOPTIMIZE": "2", "PYTHONUTF8": "0"}
    done = make(
        made_project,
        "verify",
        "CORES=3",
        LC_ALL="C",
        CUDA="/usr/local/cuda",
        ARGS="-x",
        KEPT="1",
        **python,
    )
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout.splitlines()[-1])
    assert shown["utf8"] == 1
    variables = shown["variables"]
    assert {n for n in variables if n.startswith("PYTHON")} == {"PYTHONUTF8"}
    assert not {"CORES", "CUDA", "ARGS", "PYTHON"} & variables.keys()
    assert variables["KEPT"] == "1"


def test_an_activated_environment_can_be_made_again(project, tmp_path):
    """Not by its own Python, nor by one that only takes its place once it is gone."""
    others = tmp_path / "bin"
    others.mkdir()
    (others / "python3").write_text("#!/bin/sh\nexit 1\n")
    (others / "python3.13").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"')
    for python in others.iterdir():
        python.chmod(0o755)
    own = project / ".venv/bin"
    os.utime(project / "requirements.txt")
    done = make(
        project,
        ".venv/ready-requirements.txt",
        "PYTHON=",
        PATH=f"{own}:{others}:{os.environ['PATH']}",
        VIRTUAL_ENV=str(own.parent),
        **NETWORK,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Creating .venv with python3.13" in done.stdout
    assert installed(project, "tiny")
