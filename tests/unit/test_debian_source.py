"""Debian packages as a source: nothing of a hostile one gets out of the scratch."""

import gzip
import io
import os
import shutil
import tarfile

import pytest
from download import download
from study import digests, generate_files

from siamese.errors import StudyError
from siamese.sources import PATIENCE, Patience

FILES = generate_files()
NAME = "train-images-idx3-ubyte"
FOLDER = "./usr/share/datasets/fashion-mnist"

pytestmark = pytest.mark.skipif(
    not shutil.which("dpkg-deb"), reason="dpkg-deb is on Debian and its kin alone"
)


def regular(name, data):
    member = tarfile.TarInfo(name)
    member.size = len(data)
    return member, data


def link(name, target, kind=tarfile.SYMTYPE):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member, b""


def tar(members):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for member, data in members:
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def part_header(name, size):
    return f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{size:<10}`\n".encode()


def package(members):
    """The bytes of a Debian package: an ar archive of a version and two tars."""
    parts = {
        "debian-binary": b"2.0\n",
        "control.tar.gz": tar([regular("./control", b"Package: x\nVersion: 1\n")]),
        "data.tar.gz": tar(members),
    }
    archive = b"!<arch>\n"
    for name, data in parts.items():
        archive += (
            f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n".encode()
        )
        archive += data + b"\n" * (len(data) % 2)
    return archive


def data_files(files=FILES):
    return [regular(f"{FOLDER}/{n}.gz", gzip.compress(d)) for n, d in files.items()]


def fake(path, script):
    """An `apt-get` that does what `script` says."""
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.fixture
def apt(tmp_path, monkeypatch):
    """The folder of a fake apt-get; what it 'downloads' is x.deb there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    fake(folder / "apt-get", f"cp {folder}/x.deb .")
    return folder


@pytest.fixture
def scratch(tmp_path):
    path = tmp_path / "a" / "scratch"
    path.mkdir(parents=True)
    return path


def fetch(scratch, patience=PATIENCE):
    return download([{"debian": "x"}], digests(FILES), scratch, patience)


def refusal(scratch, patience=PATIENCE):
    with pytest.raises(StudyError) as error:
        fetch(scratch, patience)
    (line,) = str(error.value).splitlines()
    return line


def test_package_with_the_files(apt, scratch):
    (apt / "x.deb").write_bytes(package(data_files()))
    assert fetch(scratch) == FILES


def test_other_members_are_not_written_anywhere(apt, scratch, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    hostile = [
        regular("../../../escaped", b"x"),
        regular(f"{tmp_path}/escaped", b"x"),
        regular("./usr/../../../../escaped", b"x"),
        # a folder that is a link, and a file below it
        link("./usr/share/datasets", str(outside)),
        link("./up", "../../.."),
        regular("./up/escaped", b"x"),
        link("./device", "", tarfile.FIFOTYPE),
    ]
    (apt / "x.deb").write_bytes(package(hostile + data_files()))
    assert fetch(scratch) == FILES
    written = {path.name for path in scratch.rglob("*") if not path.is_dir()}
    assert written == {"x.deb", *(f"{name}.gz" for name in FILES)}
    assert list(outside.iterdir()) == []
    assert not list(tmp_path.rglob("escaped"))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_data_file_that_is_a_link_is_refused(apt, scratch, tmp_path, kind):
    secret = tmp_path / "secret"
    secret.write_bytes(gzip.compress(FILES[NAME]))
    (apt / "x.deb").write_bytes(
        package([link(f"{FOLDER}/{NAME}.gz", str(secret), kind)])
    )
    line = refusal(scratch)
    assert f"x.deb: {FOLDER}/{NAME}.gz is not in it as a regular file" in line
    assert {path.name for path in scratch.rglob("*.*")} == {"x.deb"}


def test_package_without_the_files(apt, scratch):
    (apt / "x.deb").write_bytes(package([]))
    assert "is not in it as a regular file" in refusal(scratch)


def test_member_of_a_huge_size_is_refused(apt, scratch):
    member = tarfile.TarInfo(f"{FOLDER}/{NAME}.gz")
    member.size = 10**11
    start = gzip.compress(member.tobuf())
    whole = package([])
    # the data tar, the last part of the package, put in place of the empty one
    head = whole[: whole.rindex(b"data.tar.gz")]
    part = part_header("data.tar.gz", len(start)) + start + b"\n" * (len(start) % 2)
    (apt / "x.deb").write_bytes(head + part)
    assert "100000000000 bytes in" in refusal(scratch)


@pytest.mark.parametrize("content", [b"", b"no package", package(data_files())[:-9999]])
def test_damaged_package_is_refused(apt, scratch, content):
    (apt / "x.deb").write_bytes(content)
    line = refusal(scratch)
    assert "debian x: x.deb: no whole Debian package" in line or NAME in line


def test_apt_that_fails_tells_why(apt, scratch):
    fake(apt / "apt-get", "echo 'E: Unable to locate package x' >&2; exit 100")
    line = refusal(scratch)
    assert "debian x: apt-get " in line
    assert ": E: Unable to locate package x. " in line


def test_apt_that_hangs_is_stopped(apt, scratch):
    fake(apt / "apt-get", "exec sleep 600")
    line = refusal(scratch, Patience(command=0.3))
    assert ": not done in 0.3 s. " in line
