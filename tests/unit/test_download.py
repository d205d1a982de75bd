"""The data files come from the first source that has them; failures are explained."""

import functools
import gzip
import os
import shutil
import socket
import subprocess
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from download import download
from study import digests, generate_files

from siamese.data import sources
from siamese.errors import StudyError

FILES = generate_files()
NAME = "train-images-idx3-ubyte"
PACKED = {f"{name}.gz": gzip.compress(data) for name, data in FILES.items()}
ANOTHER = PACKED | {f"{NAME}.gz": gzip.compress(FILES[NAME][:-1] + b"\xff")}


@pytest.fixture
def address(tmp_path, monkeypatch):
    """A server of the files in tmp_path."""
    monkeypatch.setenv("NO_PROXY", "*")
    # A working server answers in time on any machine.
    monkeypatch.setattr(sources, "TIMEOUT", 600)
    handler = functools.partial(SimpleHTTPRequestHandler, directory=tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,)).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def write(folder, files):
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return {"directory": str(folder)}


def fetch(*places):
    return download(places, digests(FILES), "idx")


def refusal(*places):
    with pytest.raises(StudyError) as error:
        fetch(*places)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("files", [PACKED, FILES], ids=["packed", "unpacked"])
def test_the_first_folder_that_has_them_whole(tmp_path, capsys, files):
    bad = write(tmp_path / "bad", files | {f"{NAME}.gz": PACKED[f"{NAME}.gz"][:-9]})
    assert fetch(bad, write(tmp_path / "good", files)) == FILES
    assert "Compressed file ended before" in capsys.readouterr().out


def test_npz_files_are_taken_as_they_are(tmp_path):
    np.savez(tmp_path / "x.npz", images=np.ones((2, 3, 3), bool), labels=[0, 1])
    files = {"x.npz": (tmp_path / "x.npz").read_bytes()}
    assert download([{"directory": str(tmp_path)}], digests(files), "npz") == files


def test_the_first_address_that_has_them_whole(address, tmp_path, capsys, monkeypatch):
    write(tmp_path / "good", PACKED)
    write(tmp_path / "another", ANOTHER)
    urls = [{"url": f"{address}/{name}/"} for name in ("missing", "another", "good")]
    assert fetch(*urls) == FILES
    failures = capsys.readouterr().out.split("Failed: ")
    assert "missing/: 404 Client Error: File not found" in failures[1]
    assert f"url {address}/another/: {NAME}: SHA-256 is " in failures[2]
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
        monkeypatch.setattr(sources, "TIMEOUT", 0.2)
        assert "Read timed out. (read timeout=0.2). Put" in refusal({"url": url})


def test_error_has_every_reason(address, tmp_path):
    urls = {"url": f"{address}/missing/"}, {"url": "http://127.0.0.1:1/"}
    places = *urls, {"directory": str(tmp_path / "none")}
    line = refusal(*places)
    assert "404 Client" in line and "[Errno 111] Connection refused" in line
    assert f"No such file or directory: '{tmp_path}/none/{NAME}'" in line
    write(tmp_path / "none", PACKED)
    assert fetch(*places) == FILES
    assert f"there is none. Put {NAME}.gz, " in refusal()


def test_a_package_without_installation(tmp_path, monkeypatch):
    """A fake apt-get notes its calls and 'downloads' x.deb."""
    if not shutil.which("dpkg-deb"):
        pytest.skip("dpkg-deb is on Debian and its kin alone")
    tree, folder = tmp_path / "tree", tmp_path / "bin"
    control = b"Package: x\nVersion: 1\nArchitecture: all\n"
    control += b"Maintainer: x\nDescription: x\n"
    write(tree / "DEBIAN", {"control": control})
    write(tree / sources.DEBIAN_FOLDER, PACKED)
    script = f"#!/bin/sh\necho $1 >> {folder}/calls; [ $1 = update ] || cp {folder}/* ."
    write(folder, {"apt-get": script.encode()})
    (folder / "apt-get").chmod(0o755)
    build = ["dpkg-deb", "--build", str(tree), str(folder / "x.deb")]
    subprocess.run(build, check=True, capture_output=True)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    monkeypatch.setattr(sources, "APT_LISTS", folder)
    # Root fetches the lists of packages if there are none.
    for user, calls in ((1000, ["download"]), (0, ["update", "download"])):
        monkeypatch.setattr(os, "geteuid", lambda user=user: user)
        assert fetch({"debian": "x"}) == FILES
        assert (folder / "calls").read_text().split() == calls
        (folder / "calls").unlink()
    (folder / "x.deb").write_text("no package")
    assert "debian x: Command '['dpkg-deb', '-x'" in refusal({"debian": "x"})
    (folder / "apt-get").write_text("#!/bin/sh\nexit 100")
    assert "returned non-zero exit status 100." in refusal({"debian": "x"})
    monkeypatch.setenv("PATH", "/nowhere")
    assert "No such file or directory: 'apt-get'. " in refusal({"debian": "x"})
