"""A job's environment: what it keeps of the account's, and what it proves."""

import fnmatch
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from polluted import VARIABLES, polluted
from study import ROOT

from siamese.digests import code_of
from siamese.environment import CLEANED_BY, KEPT, SETTINGS, clean, shell_prefix
from siamese.errors import StudyError
from siamese.job import check_code, compare_code

SCRIPTS = ROOT / "workflow/scripts"
ACCOUNT = {
    "PATH": os.environ["PATH"],
    "HOME": "/home/somebody",
    "OMP_NUM_THREADS": "3",
    "CUDA_VISIBLE_DEVICES": "GPU-2",
    "PYTHONPATH": "/elsewhere",
    "KERAS_BACKEND": "torch",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "LC_ALL": "de_DE",
    "SOMETHING_NEW": "1",
    "of two": "lines\n and ' a quote",
    "BASH_FUNC_set%%": "() { echo no; }",
    "BASH_FUNC_unset%%": "() { echo no; }",
}
EXPECTED = clean(ACCOUNT) | (MARK := {CLEANED_BY: "a process"})
SHOW = "import json, os; print(json.dumps(dict(os.environ)))"


def of_bash(account):
    """What a Python that bash starts after the prefix has, and the process of bash."""
    command = f"{shell_prefix().format()} '{sys.executable}' -c \"$0\"; echo $$"
    done = subprocess.run(
        ["bash", "-c", command, SHOW],
        env=account,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    shown, process = done.stdout.splitlines()
    return json.loads(shown), process


def test_a_job_keeps_what_is_named_and_nothing_else():
    found, process = of_bash(ACCOUNT)
    assert found.pop(CLEANED_BY) == process
    kept = {"PATH", "HOME", "CUDA_VISIBLE_DEVICES"}
    assert found == {name: ACCOUNT[name] for name in kept} | SETTINGS
    assert found == clean(ACCOUNT)
    assert not {*KEPT} & {*SETTINGS}


@pytest.mark.parametrize("shell_options", ["nounset", "posix", "noglob:nounset"])
def test_options_of_the_shell_do_no_harm(shell_options):
    assert of_bash(ACCOUNT | {"SHELLOPTS": shell_options})[0] | MARK == EXPECTED


@pytest.mark.parametrize(
    "startup",
    [
        "readonly SOMETHING_NEW KERAS_BACKEND IFS=/",
        "export TMOUT=60; readonly TMOUT",
        "trap 'export TF_ENABLE_ONEDNN_OPTS=0 STRAY=1' DEBUG",
        "declare -n name=SOMETHING_NEW; declare -r kept=1",
        "builtin() { return 0; }; unset() { return 0; }; export -f builtin unset",
    ],
)
def test_what_bash_reads_first_does_no_harm(tmp_path, startup):
    """A file of the account's, which makes variables read-only and sets traps."""
    path = tmp_path / "bash_env"
    path.write_text(startup + "\n")
    assert of_bash(ACCOUNT | {"BASH_ENV": str(path)})[0] | MARK == EXPECTED


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", ">&- 2>&- <&-"])
def test_bash_opens_streams_that_are_closed(tmp_path, closed):
    """Whatever the account exports as `exec`."""
    out = tmp_path / "out"
    show = f"import sys; print(sys.stdout, sys.stderr, file=open('{out}', 'w'))"
    command = f"{shell_prefix().format()} '{sys.executable}' -c \"$0\""
    done = subprocess.run(
        ["bash", "-c", f'bash -c "$0" "$1" {closed}', command, show],
        env=ACCOUNT | {"BASH_FUNC_exec%%": "() { echo no; }"},
    )
    assert done.returncode == 0
    assert out.read_text().count("TextIOWrapper") == 2


def document():
    """Sections of docs/environment.md by their titles."""
    text = (ROOT / "docs/environment.md").read_text()
    return dict(part.split("\n", 1) for part in re.split("^#+ ", text, flags=re.M)[1:])


@pytest.mark.parametrize("title, names", [("Kept", KEPT), ("Set", SETTINGS)])
def test_the_document_lists_what_is_kept_and_set(title, names):
    rows = re.findall(r"^\| (`.*?) \|", document()[title], re.M)
    assert sorted(" ".join(rows).replace("`", "").split()) == sorted(names)


def test_the_document_names_what_a_polluted_account_sets(tmp_path):
    named = set(re.findall(r"`\$?([A-Za-z0-9_.*]+)", "".join(document().values())))
    account = VARIABLES.keys() | polluted(tmp_path, tmp_path)
    assert not {
        name
        for name in account
        if not any(fnmatch.fnmatchcase(name, pattern) for pattern in named)
    }


def job(folder, text=""):
    """A script as Snakemake runs it: `snakemake` is there, and siamese.job imported."""
    script = folder / "job.py"
    script.write_text(
        f"import sys; sys.path.append({str(SCRIPTS)!r}); snakemake = None\n"
        f"import siamese.job\n{text}\n{SHOW}\n"
    )
    return script


@pytest.mark.parametrize("closed", ["", ">&-", "2>&-", ">&- 2>&- <&-"])
def test_a_job_that_was_started_otherwise_cleans_up_itself(tmp_path, closed):
    """As in a module, once, whichever of the streams are closed."""
    script = job(tmp_path, "print(*sys.argv, file=sys.stderr)")
    out = tmp_path / "out"
    done = subprocess.run(
        ["bash", "-c", f'exec "$0" "$1" > "$2" {closed}', sys.executable, script, out],
        env=ACCOUNT | {"PYTHONPATH": "", CLEANED_BY: "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    if ">&-" not in closed.split():
        found = json.loads(out.read_text())
        assert found.pop(CLEANED_BY)
        assert clean(found) == clean(ACCOUNT)
        assert not {*found} - {*KEPT, *SETTINGS}


@pytest.fixture
def planned(tmp_path, monkeypatch):
    """A job whose script and imported modules are as planned."""
    script = SCRIPTS / "evaluate.py"
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(script), raising=False)
    copy = tmp_path / "tmp1.evaluate.py"
    copy.write_bytes(b"# preamble\n" + script.read_bytes())
    monkeypatch.setattr(sys, "argv", [str(copy)])
    code = code_of("evaluate.py")
    imported = {name: code[name] for name in code if name != script.name}
    return SimpleNamespace(code=code, copy=copy, imported=imported)


def check_all(planned, code):
    """As each job does, at its beginning."""
    check_code(code)
    compare_code(planned.imported, code)


def test_the_code_that_was_planned_may_run(planned):
    check_all(planned, planned.code)


@pytest.mark.parametrize("name", ["evaluate.py", "metrics.py", "__init__.py"])
def test_other_code_than_planned_is_refused(planned, name):
    message = f"the code of {name} is .*, expected 00000000 as when snakemake started"
    with pytest.raises(StudyError, match=message):
        check_all(planned, planned.code | {name: "00000000"})


def test_a_script_that_changed_before_it_was_copied_is_refused(planned):
    planned.copy.write_text("# another\n")
    with pytest.raises(StudyError, match=r"the code of evaluate\.py is None"):
        check_code(planned.code)


def test_a_module_that_no_digest_covers_is_refused(planned):
    planned.imported["stray.py"] = "12345678"
    with pytest.raises(StudyError, match=r"stray\.py is 12345678, expected None"):
        check_all(planned, planned.code)


def test_a_stale_compilation_is_not_run(tmp_path):
    """An edit of the same length and date, as a checkout in the same second."""
    package = tmp_path / "siamese"
    package.mkdir()
    init = SCRIPTS / "siamese/__init__.py"
    (package / "__init__.py").write_bytes(init.read_bytes())
    module = package / "number.py"
    command = [sys.executable, "-c", "from siamese.number import N; print(N)"]
    env = {"PYTHONPATH": str(tmp_path)}
    for n in (1, 2):
        module.write_text(f"N = {n}\n")
        os.utime(module, (0, 0))
        subprocess.run(
            [sys.executable, "-m", "compileall", "-q", str(package)]
        ) if n == 1 else None
        done = subprocess.run(command, env=env, capture_output=True, text=True)
        assert done.stdout == f"{n}\n", done.stderr
    assert list(Path(package).glob("__pycache__/number*"))
