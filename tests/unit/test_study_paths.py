"""The files that the paths of a config mean, in the study's folder or the project's."""

import pytest
from configs import OVERLAYS, ROOT, refusal, study_of

from siamese.study.paths import argument
from siamese.study.study import Study, with_defaults

VARIABLES = {"HOME": "/home/me", "DATA": "/data", "PART": "~/part", "EMPTY": ""}
VARIABLES |= {"BRACES": "{a}", "CONFIG": "config"}


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
    absolute |= {"${DATA}x/$DATA": "/datax/data", "/$$DATA/a$$b": "/$DATA/a$b"}
    for text, place in absolute.items():
        assert places(tmp_path, text) == [place]
    (tmp_path / "link").symlink_to(ROOT)
    for text in ("data", "./~/x", "x~", "../x", "a b;#'"):
        assert places(tmp_path, text) == [str(tmp_path / text), str(ROOT / text)]
        assert places(tmp_path / "link", text) == [str(ROOT / text)]
    # The shell leaves ~ in an option's word, and has replaced variables.
    assert str(argument("~/$DATA")) == "/home/me/$DATA"


NOTHING = {
    "$UNSET/x": "a path of variables that are set; UNSET is not: set it",
    "${EMPTY}/x": "a path of variables that are set; EMPTY is not: set it",
    "$(pwd)/x": "a path; write $$ for a dollar sign",
    "~no-such-user/x": "a home folder that exists; write ./~no-such-user/x for a",
    "$BRACES": "a path without braces, which Snakemake takes for wildcards",
}


def test_a_path_that_means_nothing():
    for text, expected in NOTHING.items():
        line = refusal(**sources("/data", text))
        assert line.startswith("Error: Config: dataset.sources.1.directory: found ")
        assert f", expected {expected}" in line
    with pytest.raises(SystemExit, match="expected a path without braces"):
        Study.from_config(with_defaults({}, ROOT), "/a/{b}")


def test_files_are_found_once_in_the_study_before_the_project(tmp_path, monkeypatch):
    claims, own = ROOT / "config/claims.yaml", tmp_path / "config/claims.yaml"
    options = sources("~/$HOME") | {"claims": "$CONFIG/claims.yaml"}
    study = study_of(folder=tmp_path, **options)
    monkeypatch.delenv("CONFIG")
    assert study.paths.variables == ["CONFIG", "HOME"] and study.paths.claims == claims
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
    (tmp_path / "pictures/gone").symlink_to("nowhere")
    assert "dataset.folder: found 'gone', expected" in refusal(config, tmp_path)
    (tmp_path / "pictures/gone").rename(tmp_path / "pictures/a\nb")
    assert "sub-folders of dataset.folder: found 'a\\nb'" in refusal(config, tmp_path)
