"""Which code a rule listens to: its script, and the modules that it imports."""

import modulefinder
import os
import re
import shutil

import pytest
from study import ROOT

from siamese.digests import code_of, digest

SCRIPTS = ROOT / "workflow/scripts"
NAMES = sorted(path.name for path in SCRIPTS.glob("*.py"))
MODULES = sorted(path.name for path in (SCRIPTS / "siamese").glob("[!_]*.py"))


@pytest.fixture
def scripts(tmp_path):
    return shutil.copytree(SCRIPTS, tmp_path / "scripts")


@pytest.mark.parametrize("name", NAMES)
def test_code_is_the_script_and_all_that_it_imports(name):
    """As the standard library finds it, where nothing else can be imported."""
    finder = modulefinder.ModuleFinder([str(SCRIPTS)])
    finder.run_script(str(SCRIPTS / name))
    files = {module.__file__ for module in finder.modules.values() if module.__file__}
    found = {os.path.basename(path) for path in files}
    assert {*code_of(name)} == found
    assert {name, "job.py", "errors.py"} <= found


@pytest.mark.parametrize("module", MODULES)
def test_edit_of_a_module_changes_the_code_of_what_imports_it(scripts, module):
    path = scripts / "siamese" / module
    path.write_text(path.read_text() + "\n# a new line\n")
    os.utime(path, (0, 0))  # content decides, not time
    for name in NAMES:
        before, after = code_of(name), code_of(name, scripts)
        different = {file for file in after if after[file] != before.get(file)}
        assert different == ({module} & {*before})


def test_touching_changes_nothing(scripts):
    for path in scripts.rglob("*.py"):
        os.utime(path)
    assert all(code_of(name) == code_of(name, scripts) for name in NAMES)


def test_a_new_import_is_followed(scripts):
    (scripts / "siamese/colours.py").write_text("RED = 'red'\n")
    path = scripts / "siamese/metrics.py"
    path.write_text("from siamese import colours\n" + path.read_text())
    assert "colours.py" in code_of("evaluate.py", scripts)
    assert "colours.py" not in code_of("partition.py", scripts)


def test_a_digest_is_of_the_content(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    # Of FIPS 180-2, appendix B.1.
    assert digest(tmp_path / "x") == "ba7816bf"


def test_each_rule_has_the_code_of_the_script_that_it_is_named_after():
    text = "".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
    rules = dict(re.findall(r"^rule (\w+):\n((?:    .*\n|\n)+)", text, re.MULTILINE))
    scripts = {
        rule: re.findall(r'script:\s+"../scripts/(\w+)\.py"', body)
        for rule, body in rules.items()
    }
    assert {f"{rule}.py" for rule, found in scripts.items() if found} == {*NAMES}
    for rule, found in scripts.items():
        assert found in ([rule], []), rule
        # What download fetches is known by its digest.
        expected = [rule] if found and rule != "download" else []
        assert re.findall(r'code=code_of\("(\w+)\.py"\)', rules[rule]) == expected
