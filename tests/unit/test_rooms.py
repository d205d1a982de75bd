"""An import of the project's modules has no effect, and the study needs few others."""

import json
import re
import subprocess
import sys

from configs import ROOT

SCRIPTS = ROOT / "workflow/scripts"
# Imports what others have written, then each module, and prints what those change.
PROGRAM = """
import importlib, json, os, signal, sys
print("begun")

def state():
    handlers = [*map(signal.getsignal, sorted(signal.valid_signals()))]
    lists = map(str, [sys.path, sys.meta_path, sys.path_hooks, handlers])
    parameters = dict(getattr(sys.modules.get("matplotlib"), "rcParams", {}))
    return [*lists, os.getcwd(), dict(os.environ), parameters]

others, own = json.loads(sys.argv[1])
changes = {}
for name in others:
    importlib.import_module(name)
for name in own:
    before, threads = state(), len(os.listdir("/proc/self/task"))
    importlib.import_module(name)
    changes[name] = [str(after) for after in state() if after not in before]
    if len(os.listdir("/proc/self/task")) > threads:
        changes[name].append("a thread")
print(json.dumps([changes, [*sys.modules]]))
"""


def imports_of(room):
    """The changes that each module of a room makes, and all modules imported then."""
    paths = sorted((SCRIPTS / room).rglob("*.py"))
    own = [".".join(p.relative_to(SCRIPTS).with_suffix("").parts) for p in paths]
    text = "".join(path.read_text(encoding="utf-8") for path in paths)
    names = re.findall(r"^(?:from|import) ([\w.]+)(?: (?:import|as) .*)?$", text, re.M)
    others = sorted({name for name in names if not name.startswith("siamese")})
    command = [sys.executable, "-c", PROGRAM, json.dumps([others, own])]
    done = subprocess.run(command, cwd=SCRIPTS, capture_output=True, text=True)
    # A process that is started again begins twice.
    assert done.returncode == 0 and done.stdout.count("begun") == 1, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_an_import_has_no_effect():
    changes, modules = imports_of("siamese/study")
    assert "siamese.study.study" in changes
    assert not {"pandas", "tensorflow"} & {*modules}
    changes |= imports_of("siamese")[0]
    assert changes == {name: [] for name in changes}
