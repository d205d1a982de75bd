"""What a path means that a user gives."""

import argparse
import os
import pwd
from pathlib import Path

import pytest

from siamese.paths import argument, places, variables


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("DATA", "/data")
    monkeypatch.setenv("PART", "~/part")
    monkeypatch.setenv("EMPTY", "")
    monkeypatch.delenv("UNSET", raising=False)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("/x/y", "/x/y"),
        ("~", "/home/me"),
        ("~/x", "/home/me/x"),
        ("$DATA/x", "/data/x"),
        ("${DATA}x/$DATA", "/datax/data"),
        ("$PART/x", "/home/me/part/x"),
        ("x", "/one/x"),
        ("./~/x", "/one/~/x"),
        ("x~", "/one/x~"),
        ("../x", "/one/../x"),
        ("a$$b", "/one/a$b"),
        ("$(pwd)/x$", "/one/$(pwd)/x$"),
        ("{a}", "/one/{a}"),
    ],
)
def test_a_path_means(text, meant):
    assert str(places(text, "/one")[0]) == meant


def test_the_home_of_a_user():
    user = pwd.getpwuid(os.getuid())
    assert places(f"~{user.pw_name}/x", "/one") == [Path(user.pw_dir, "x")]


def test_a_relative_path_may_be_in_several_folders(tmp_path):
    assert places("x", "/one", "/two", "/one") == [Path("/one/x"), Path("/two/x")]
    assert places("/x", "/one", "/two") == [Path("/x")]
    (tmp_path / "link").symlink_to("/one")
    assert places("x", "/one", tmp_path / "link") == [Path("/one/x")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$UNSET/x", "a path of variables that are set; UNSET is not: set it"),
        ("${EMPTY}/x", "a path of variables that are set; EMPTY is not: set it"),
        ("~no-such-user/x", "the home folder ~no-such-user is not"),
    ],
)
def test_a_path_that_means_nothing(text, expected):
    with pytest.raises(ValueError, match=expected):
        places(text, "/one")


def test_variables_of_a_path():
    assert variables("~/$A/${B}/$$C/$(D)") == ["A", "B"]


def test_a_word_of_the_command_line(tmp_path, monkeypatch):
    """The shell has replaced variables, so that what is left is meant as it is."""
    monkeypatch.chdir(tmp_path)
    assert argument("~/x") == Path("/home/me/x")
    assert argument("x/$DATA") == tmp_path / "x/$DATA"
    with pytest.raises(
        argparse.ArgumentTypeError, match="found '~no-such-user/x', exp"
    ):
        argument("~no-such-user/x")
