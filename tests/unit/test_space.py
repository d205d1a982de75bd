"""Which file system is full, where something could not be written."""

import errno
import os
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

import siamese.space
from siamese.errors import StudyError
from siamese.space import explain, lack, mount_point, refusal_to_write

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
QUOTA = OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))


@pytest.fixture
def refusals(monkeypatch, tmp_path):
    """The errno with which writing fails, by the folder or file; in `tmp_path`."""
    found = {}
    monkeypatch.setattr(siamese.space, "refusal_to_write", found.get)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    (tmp_path / "study").mkdir()
    monkeypatch.chdir(tmp_path / "study")
    return found


@pytest.mark.parametrize(
    "error",
    [
        FULL,
        # As of HDF5 and TensorFlow.
        RuntimeError("Can't write data (errno = 28, 'No space left on device')"),
    ],
)
@pytest.mark.parametrize("place", ["tmp", "home", "study/logs"])
def test_the_folder_where_writing_fails_is_named(tmp_path, refusals, error, place):
    refusals[str(tmp_path / place)] = errno.ENOSPC
    line = str(explain(error, {"a": "b"}, [str(tmp_path / "study/logs")]))
    assert line.startswith(
        f"{tmp_path / place}: could not be written, no space is left"
    )
    assert f" on the file system {mount_point(tmp_path)}, " in line
    assert ("set TMPDIR to a folder on another one" in line) == (place == "tmp")
    assert line.isprintable()


def test_a_full_disk_behind_another_error(tmp_path, refusals):
    refusals[str(tmp_path / "home")] = errno.ENOSPC
    error = ValueError("x")
    error.__cause__ = FULL
    assert str(explain(error)).startswith(f"{tmp_path / 'home'}: could not be written")


def test_a_file_that_the_error_names(tmp_path, refusals):
    refusals[str(tmp_path / "home")] = errno.ENOSPC
    named = OSError(*FULL.args, str(tmp_path / "tmp/x"))
    assert str(explain(named)).startswith(f"{tmp_path / 'tmp/x'}: could not be written")
    hidden = OSError(*FULL.args, ".x")
    line = str(explain(hidden, {".x": "x"}))
    assert line.startswith(f"{tmp_path / 'study/x'}: could not be written")


def test_a_quota_that_statvfs_does_not_show(tmp_path, refusals):
    refusals[str(tmp_path / "home")] = errno.EDQUOT
    place = f"the file system {mount_point(tmp_path)}"
    assert str(explain(QUOTA)) == (
        f"{tmp_path / 'home'}: could not be written, the disk quota is used up on "
        f"{place}; free some, and run the same command again"
    )


def test_space_that_is_there_again(tmp_path, refusals):
    line = str(explain(FULL, {"a": "b"}, ["/dev/shm"]))
    assert line.startswith(
        "No space left on device, and now there is again, on one of "
    )
    for place in (mount_point(tmp_path), mount_point("/dev/shm")):
        assert f"{place} (" in line


def test_an_error_that_says_nothing(tmp_path, refusals):
    """As NumPy's is, of a full disk or not; then only outputs count."""
    refusals[str(tmp_path / "home")] = errno.ENOSPC
    error = OSError("100 requested and 0 written")
    assert explain(error, {".x": "x"}) is None
    refusals[".x"] = errno.ENOSPC
    line = str(explain(error, {".x": "x"}))
    assert line.startswith(f"{tmp_path / 'study/x'}: could not be written")


@pytest.mark.parametrize(
    "error",
    [ValueError("x"), OSError(errno.EACCES, "x"), StudyError(str(FULL)), SystemExit(1)],
)
def test_other_errors_are_not_about_space(refusals, error):
    refusals[".x"] = errno.ENOSPC
    assert explain(error, {".x": "x"}) is None


def test_writing_is_tried(tmp_path):
    (tmp_path / "full").symlink_to("/dev/full")
    assert refusal_to_write(tmp_path / "full") == errno.ENOSPC
    assert refusal_to_write(tmp_path / "none/x") == errno.ENOENT
    assert refusal_to_write(tmp_path) is None
    assert refusal_to_write(tmp_path / "x") is None
    assert {path.name for path in tmp_path.iterdir()} == {"full", "x"}


@pytest.mark.parametrize(
    ("has", "number", "words"),
    [
        (
            {"f_bavail": 127},
            None,
            "no space is left on the file system {}, 0.5 of 41.0 ",
        ),
        ({"f_ffree": 9, "f_favail": 0}, None, "no inode for another file is left on"),
        ({"f_files": 0, "f_favail": 0}, None, None),
        ({}, None, None),
        ({}, errno.ENOSPC, "no space is left on the file system {}, 21.0 of 41.0 MB"),
        ({}, errno.EDQUOT, "the disk quota is used up on the file system {}"),
    ],
)
def test_what_a_file_system_lacks(tmp_path, monkeypatch, has, number, words):
    disk = {"f_frsize": 4096, "f_blocks": 10_000, "f_bavail": 5_120}
    disk |= {"f_files": 99, "f_favail": 9} | has
    monkeypatch.setattr(os, "statvfs", lambda path: SimpleNamespace(**disk))
    found = lack(tmp_path / "not there", number)
    assert found is words or found.startswith(words.format(mount_point(tmp_path)))


def test_a_mount_point():
    assert mount_point("/dev/shm/none/x") == Path("/dev/shm")
