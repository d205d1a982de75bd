"""The folder of a study, before anything is run in it."""

import os
import subprocess

import pytest

import siamese.folder
from siamese.errors import Refusal
from siamese.folder import check_folder
from siamese.workarounds import ShellWord


@pytest.fixture
def study(tmp_path):
    for name in ("results/grid/point", "logs/train", ".snakemake/metadata"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


def test_a_folder_to_write_to(study):
    check_folder(study)


@pytest.mark.parametrize("name", [".", "results/grid/point", ".snakemake/metadata"])
def test_a_folder_without_permission(study, name, monkeypatch):
    """As the operating system says it, also where root asks."""
    forbidden = study / name
    allowed = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: path != forbidden and allowed(path, mode)
    )
    with pytest.raises(Refusal) as error:
        check_folder(study)
    line = str(error.value)
    assert line.startswith(
        f"Error: {forbidden}: no permission to write there for user "
    )
    assert line.isprintable() and "--directory <folder>" in line


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions don't bind root")
def test_a_folder_that_is_read_only(study):
    (study / "results/grid").chmod(0o555)
    with pytest.raises(Refusal, match="results/grid: no permission"):
        check_folder(study)
    (study / "results/grid").chmod(0o755)


def test_a_full_disk(study, monkeypatch):
    lacking = {
        study / "logs": "no space is left on the file system /x, 0.5 MB are free"
    }
    monkeypatch.setattr(siamese.folder, "lack", lacking.get)
    with pytest.raises(Refusal) as error:
        check_folder(study)
    assert str(error.value) == (
        f"Error: {study}/logs: no space is left on the file system /x, 0.5 MB are "
        "free; free some, and run the same command again"
    )


def test_a_folder_that_the_shell_has_not_replaced(tmp_path):
    (tmp_path / "~/study").mkdir(parents=True)
    with pytest.raises(Refusal, match="a folder named ~, expected your home folder"):
        check_folder(tmp_path / "~/study")


@pytest.mark.parametrize("text", ["/usr/bin/python", "/my env/bin/python", "a'b"])
def test_a_shell_word_is_quoted_where_it_is_formatted(text):
    word = ShellWord(ShellWord(text))
    assert word == text and os.fspath(word) == text
    done = subprocess.run(
        f"printf '%s\\n' {word}",
        shell=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout == f"{text}\n"
