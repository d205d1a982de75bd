"""The shell of jobs gives them an environment that no account changes."""

import json
import os
import subprocess
import sys

import pytest
from study import ROOT

SHELL = ROOT / "workflow/clean_shell"
SHOW = "import json, os; print(json.dumps(dict(os.environ)))"
ODD = "two\nlines, `id` $(id) ' \" ; {seed} %s \\ ä*"
KEPT = {"PATH": os.environ["PATH"], "HOME": ODD, "TMPDIR": "", "LD_PRELOAD": ""}
SET = {"PYTHONPATH": str(ROOT / "workflow/scripts"), "PYTHONUSERBASE": os.devnull}
SET |= {"KERAS_BACKEND": "tensorflow", "TF_ENABLE_ONEDNN_OPTS": "1", "LC_ALL": "C"}
CLEARED = {"ONEDNN_MAX_CPU_ISA": "SSE41", "PYTHONSTARTUP": "/x.py", "of two": ODD}
FUNCTIONS = dict.fromkeys(("BASH_FUNC_env%%", "BASH_FUNC_exec%%"), "() { :; }")
ACCOUNT = KEPT | dict.fromkeys(SET, "of the account") | CLEARED


def environment(**variables):
    """The environment of a Python in the shell, which this process starts."""
    command = [SHELL, "-c", f"'{sys.executable}' -c \"$0\"", SHOW]
    done = subprocess.run(command, env=ACCOUNT | variables, stdout=-1, check=True)
    return json.loads(done.stdout)


def test_a_job_has_what_is_named_and_nothing_else():
    variables = environment()
    expected = KEPT | SET | {"SIAMESE_PARENT": str(os.getpid())}
    assert {name: variables.get(name) for name in expected} == expected
    assert not variables.keys() & CLEARED.keys()
    assert subprocess.run([SHELL, "-c", "false | true; true"]).returncode == 1


@pytest.mark.parametrize(
    ("options", "startup"),
    [
        ("noglob:xtrace", "readonly KERAS_BACKEND IFS=/"),
        ("", "trap 'export TF_ENABLE_ONEDNN_OPTS=0 STRAY=1' DEBUG"),
    ],
)
def test_what_a_shell_of_the_account_reads_does_no_harm(tmp_path, options, startup):
    path = tmp_path / "bash_env"
    path.write_text(startup + "\n")
    account = FUNCTIONS | {"SHELLOPTS": options, "BASH_ENV": str(path)}
    assert environment(**account) == environment()
