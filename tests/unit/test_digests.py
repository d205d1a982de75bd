"""Which code a rule listens to: its script, what that imports, and the jobs' shell."""

import modulefinder
import os
import shutil
from pathlib import Path

import pytest
from study import ROOT

from siamese.digests import code_of

SCRIPTS = ROOT / "workflow/scripts"
NAMES = sorted(path.name for path in SCRIPTS.glob("*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_code_is_the_script_and_all_that_it_imports(name):
    finder = modulefinder.ModuleFinder([str(SCRIPTS)])
    finder.run_script(str(SCRIPTS / name))
    files = [module.__file__ for module in finder.modules.values() if module.__file__]
    paths = {Path(file).relative_to(SCRIPTS).as_posix() for file in files}
    modules = {path for path in paths if not path.endswith("__init__.py")}
    assert {*code_of(name)} == modules | {"clean_shell"}
    assert name in modules
    assert {"siamese/job.py", "siamese/gpu.py"} <= {*code_of("run_script.py")}


def test_the_content_of_code_and_shell_decides(tmp_path):
    scripts = tmp_path / "workflow/scripts"
    shutil.copytree(ROOT / "workflow", tmp_path / "workflow")
    before = code_of("evaluate.py", scripts)
    assert before == code_of("evaluate.py")
    for name in ("siamese/data/stored.py", "siamese/model/layers.py", "../clean_shell"):
        (scripts / name).write_text("another = 1\n")
        os.utime(scripts / name, (0, 0))
    code_of.cache_clear()
    after = code_of("evaluate.py", scripts)
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {"siamese/data/stored.py", "clean_shell"}
