"""The files that the paths of a config mean, in the study's folder or the project's."""

import copy

import pytest
from configs import DEFAULT, OVERLAYS, refusal
from snakemake.utils import update_config
from study import ROOT

from siamese.errors import ConfigError
from siamese.study import Study


def sources(*folders):
    stated = [{"directory": folder} for folder in folders]
    return {"dataset": {"sources": [*stated, {"debian": "x1"}]}}


def study_in(folder, project=ROOT, **overlay):
    config = copy.deepcopy(DEFAULT)
    update_config(config, overlay)
    return Study.from_config(config, project, folder)


def test_a_relative_folder_is_looked_for_in_the_study_and_then_in_the_project(tmp_path):
    assert study_in(tmp_path, **sources("data", "/data")).paths.sources == [
        {"directory": f"{tmp_path}/data"},
        {"directory": f"{ROOT}/data"},
        {"directory": "/data"},
        {"debian": "x1"},
    ]
    assert len(study_in(ROOT, **sources("data")).paths.sources) == 2


def test_paths_of_the_config_are_replaced_once(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("CLAIMS_1", str(ROOT / "config"))
    monkeypatch.setenv("EMPTY", "")
    replicates = OVERLAYS["replicates"] | {"claims": "${CLAIMS_1}/claims.yaml"}
    study = study_in(tmp_path, **replicates, **sources("~/data", "$HOME/a$$b"))
    monkeypatch.delenv("CLAIMS_1")
    monkeypatch.setenv("HOME", "/home/other")
    folders = [{"directory": "/home/me/data"}, {"directory": "/home/me/a$b"}]
    assert study.paths.sources[:2] == folders
    assert study.paths.claims == ROOT / "config/claims.yaml"
    assert study.paths.variables == ["CLAIMS_1", "HOME"]
    for name in ("CLAIMS_1", "EMPTY"):
        line = refusal(**sources("/data", f"${name}/data"))
        assert f"dataset.sources.1.directory: found '${name}/data', expected a " in line
        assert f"{name} is not" in line


def test_claims_of_the_study_come_before_those_of_the_project(tmp_path):
    overlay = OVERLAYS["replicates"]
    assert study_in(tmp_path, **overlay).paths.claims == ROOT / "config/claims.yaml"
    (tmp_path / "config").mkdir()
    own = tmp_path / "config/claims.yaml"
    own.write_text("claims: 3")
    with pytest.raises(ConfigError, match=f"Config: {own}.claims: found 3, expected a"):
        study_in(tmp_path, **overlay)
    with pytest.raises(ConfigError) as error:
        study_in(tmp_path, **overlay | {"claims": "my.yaml"})
    places = f"there is none at {tmp_path}/my.yaml or {ROOT}/my.yaml"
    assert str(error.value).endswith(f"found 'my.yaml', expected a file; {places}")


def test_claims_with_braces_in_their_path(tmp_path, monkeypatch):
    (tmp_path / "{a}").write_text("claims: []")
    monkeypatch.setenv("BRACES", "{a}")
    with pytest.raises(ConfigError, match="expected a path without braces"):
        study_in(tmp_path, claims="$BRACES")


@pytest.mark.parametrize("value", ["a\nb", "\x1b[2J", "\udcff"])
def test_a_variable_that_cannot_be_printed(monkeypatch, value):
    monkeypatch.setenv("FOLDER", value)
    assert "expected one line of printable text" in refusal(**sources("$FOLDER"))
