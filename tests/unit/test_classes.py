"""Classes that are called by number or by name, and folders that are no classes."""

import pytest
from configs import ROOT, refusal

from siamese.errors import ConfigError
from siamese.study.study import Study, with_defaults


def classes_of(folder, names, a, **options):
    for name in names:
        (folder / name).mkdir()
    dataset = {"format": "folder", "name": "mine", "folder": str(folder)}
    config = {"dataset": dataset, "sets": {"A": a, "B": None}}
    config["pairs"] = {"images_per_class": None} | options
    return Study.from_config(with_defaults(config, ROOT), ROOT).classes


def test_a_number_is_the_name_where_names_are_numbers(tmp_path):
    names = [str(number) for number in range(1, 11)]
    classes = classes_of(tmp_path, names, [1, 2, 3, 10])
    assert classes.text == (
        "A, to train on: 1, 2, 3, 10; B, never trained on: 4, 5, 6, 7, 8, 9"
    )
    assert not classes.are_numbered


@pytest.mark.parametrize(
    ("names", "a", "found"),
    [
        # YAML reads 001 as 1, and 010 as 8.
        ([f"{number:03}" for number in range(1, 11)], [1, 2, 8], "1"),
        (["0", "1", "cat", "dog"], [1, 2], "2"),
    ],
)
def test_a_number_with_two_meanings_is_refused(tmp_path, names, a, found):
    with pytest.raises(ConfigError) as error:
        classes_of(tmp_path, names, a)
    line = str(error.value)
    assert line.startswith(f"Error: Config: sets.A: found {found}, expected names in [")
    assert line.endswith(f"in quotes, as {names[0]!r} is a number")


def test_what_a_system_puts_beside_folders_is_no_class(tmp_path):
    others = ["@eaDir", ".git", "#recycle", "__MACOSX", "lost+found", "$RECYCLE.BIN"]
    classes = classes_of(tmp_path, ["a", "b", "c", "d", *others], ["a", "b"])
    assert classes.names == ["a", "b", "c", "d"] and not classes.are_numbered


def test_a_shape_is_height_width_and_channels():
    line = refusal(dataset={"shape": [3, 32, 32]})
    assert "dataset.shape: found [3, 32, 32]" in line and "1 or 3 channels" in line
