"""The data files: what is refused, and which source is taken."""

import functools
import gzip
import http.server
import socket
import threading
from pathlib import Path

import numpy as np
import pytest
from download import download, unpack
from study import digests, generate_files, idx_bytes

from siamese.errors import StudyError
from siamese.idx import parse_idx, read_merged
from siamese.sources import Patience

NAME = "train-images-idx3-ubyte"
# No machine is so slow that a source that works takes as long.
PATIENT = Patience(connect=600, silence=600, block=600)


def spoil(data, how):
    """A damaged gzip of an IDX file."""
    packed = gzip.compress(data)
    return {
        "truncated": packed[: len(packed) // 2],
        "not gzip": data,
        "wrong magic": gzip.compress(b"\0\0\x0d\x03" + data[4:]),
        "wrong size": gzip.compress(data[:-1]),
        "empty": gzip.compress(b""),
        "wrong hash": gzip.compress(data[:-1] + bytes([data[-1] ^ 1])),
    }[how]


DAMAGES = {
    "truncated": "not a complete gzip file",
    "not gzip": "not a complete gzip file",
    "wrong magic": "IDX magic number 00000803",
    "wrong size": "bytes, expected",
    "empty": "IDX magic number",
    "wrong hash": "SHA-256",
}


def write(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(data))
    return folder


@pytest.fixture
def scratch(tmp_path):
    path = tmp_path / "scratch"
    path.mkdir()
    return path


@pytest.mark.parametrize("how", DAMAGES)
def test_damaged_file_is_refused_by_name(tmp_path, how):
    data = generate_files()[NAME]
    path = tmp_path / f"{NAME}.gz"
    path.write_bytes(spoil(data, how))
    with pytest.raises(StudyError, match=DAMAGES[how]) as error:
        unpack(path, NAME, digests({NAME: data})[NAME])
    assert str(error.value).startswith(NAME)


def test_payload_counts_not_its_compression(tmp_path):
    data = generate_files()[NAME]
    path = tmp_path / f"{NAME}.gz"
    for level in (1, 9):
        path.write_bytes(gzip.compress(data, level))
        assert unpack(path, NAME, digests({NAME: data})[NAME]) == data


def test_parse_idx_gives_the_array():
    array = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    data = idx_bytes(array)
    parsed = parse_idx(data, NAME, digests({NAME: data})[NAME])
    np.testing.assert_array_equal(parsed, array)


def test_images_and_labels_must_match_in_number(tmp_path):
    files = generate_files()
    files["t10k-labels-idx1-ubyte"] = idx_bytes(np.zeros(7, np.uint8))
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    with pytest.raises(StudyError, match="7 labels, expected 100"):
        read_merged({name: tmp_path / name for name in files}, digests(files))


def test_next_source_is_tried_and_the_failure_logged(tmp_path, scratch, capsys):
    files = generate_files()
    good = write(tmp_path / "good", files)
    sources = [{"directory": str(tmp_path / "none")}, {"directory": str(good)}]
    assert download(sources, digests(files), scratch) == files
    assert f"Failed: directory {tmp_path / 'none'}" in capsys.readouterr().out


def test_error_lists_every_source_with_its_reason(tmp_path, scratch, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    files = generate_files()
    bad = write(tmp_path / "bad", files)
    (bad / f"{NAME}.gz").write_bytes(b"no gzip")
    with socket.socket() as deaf, pytest.raises(StudyError) as error:
        deaf.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
        sources = [
            {"directory": str(tmp_path / "none")},
            {"directory": str(bad)},
            {"url": url},
        ]
        download(sources, digests(files), scratch, PATIENT)
    message = str(error.value)
    assert "\n" not in message
    assert f"{tmp_path / 'none'}: {NAME}.gz: not found" in message
    assert f"{bad}: {NAME}.gz: not a complete gzip file" in message
    assert f"url {url}: {NAME}.gz: " in message
    assert "dataset.sources" in message


@pytest.mark.parametrize("names", [["a", "b"], []])
def test_advice_names_a_folder_that_is_looked_in(tmp_path, scratch, names):
    files, sources = generate_files(), [{"directory": str(tmp_path / x)} for x in names]
    with pytest.raises(StudyError) as error:
        download(sources, digests(files), scratch)
    if not names:
        assert f"{NAME}.gz, " in str(error.value)
        assert ".gz into a folder that you add to" in str(error.value)
        return
    folder = str(error.value).partition(".gz into ")[2].partition(", or")[0]
    write(Path(folder), files)
    (tmp_path / "again").mkdir()
    assert download(sources, digests(files), tmp_path / "again") == files


def test_url_source(tmp_path, scratch, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    files = generate_files()
    folder = write(tmp_path / "served", files)
    handler = functools.partial(
        http.server.SimpleHTTPRequestHandler, directory=str(folder)
    )
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        assert download([{"url": url}], digests(files), scratch, PATIENT) == files
        server.shutdown()
