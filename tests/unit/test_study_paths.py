"""The files that the paths of a config mean, in the study's folder or the project's."""

import pytest
from configs import OVERLAYS, ROOT, refusal, study_of

from siamese.study.study import with_defaults

VARIABLES = {"HOME": "/home/me", "DATA": "/data", "PART": "~/part"}
VARIABLES |= {"CONFIG": "config"}


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)


def sources(*folders):
    return {"dataset": {"sources": [{"directory": folder} for folder in folders]}}


def places(folder, text):
    paths = study_of(folder=folder, **sources(text)).paths
    return [source["directory"] for source in paths.sources]


def test_places_of_a_path(tmp_path):
    absolute = {"~/x": "/home/me/x", "$PART/x": "/home/me/part/x", "~root": "/root"}
    absolute |= {"${DATA}x/$DATA": "/datax/data", "/$UNSET/$(pwd)": "/$UNSET/$(pwd)"}
    for text, place in absolute.items():
        assert places(tmp_path, text) == [place]
    (tmp_path / "link").symlink_to(ROOT)
    for text in ("data", "./~/x", "x~", "../x", "a b;#'"):
        assert places(tmp_path, text) == [str(tmp_path / text), str(ROOT / text)]
        assert places(tmp_path / "link", text) == [str(ROOT / text)]


def test_files_are_found_once_in_the_study_before_the_project(tmp_path):
    claims, own = ROOT / "config/claims.yaml", tmp_path / "config/claims.yaml"
    options = sources("~/$HOME") | {"claims": "$CONFIG/claims.yaml"}
    assert study_of(folder=tmp_path, **options).paths.claims == claims
    own.parent.mkdir()
    own.write_bytes(claims.read_bytes())
    assert study_of(folder=tmp_path, claims="config/claims.yaml").paths.claims == own
    line = refusal(folder=tmp_path, development="mine")
    assert line.endswith(f"a file; there is none at {tmp_path}/mine or {ROOT}/mine")


def test_a_folder_of_images(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("sow", "cat", "cow", "dog", "fox", "hen", ".hidden", "pig", "rat"):
        (tmp_path / "pictures" / name).mkdir(parents=True)
    config = with_defaults(OVERLAYS["datasets/folder"], ROOT)
    study = study_of(config, tmp_path)
    assert study.classes.sets == {"A": [0, 1, 2, 3, 4, 5], "B": [6, 7]}
    assert study.classes.names[-2:] == ["rat", "sow"] and len(study.points) == 4
    assert not study.paths.data_files
    assert study.paths.description == tmp_path / "results/mine/dataset/dataset.json"
    # An umlaut of one code point in the config, and of two on the disk
    (tmp_path / "pictures/sow").rename(tmp_path / "pictures/sa\u0308u")
    sets = {"A": ["s\u00e4u", "cow"], "B": ["rat", "pig"]}
    named = {"classes": ["rat", "s\u00e4u", "pig", "cow"]}
    classes = study_of(config, tmp_path, sets=sets, dataset=named).classes
    assert classes.sets == {"A": [1, 3], "B": [0, 2]}
    assert classes.names == ["rat", "sa\u0308u", "pig", "cow"]
    sets |= {"B": None}
    assert study_of(config, tmp_path, sets=sets).classes.sets["A"] == [7, 1]
