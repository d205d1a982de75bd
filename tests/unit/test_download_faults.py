"""What servers, networks, machines and people do to the download."""

import contextlib
import errno
import gzip
import http.server
import importlib.util
import itertools
import os
import socket
import subprocess
import sys
import threading
import time
import tracemalloc

import psutil
import pytest
import requests
from download import download, unpack
from hold import PATIENCE
from study import digests, edit_config, generate_files, make_study, snakemake

import siamese.sources
from siamese.errors import StudyError
from siamese.sources import Patience, check_response

NAME = "train-images-idx3-ubyte"
FILES = generate_files()
# No machine is so slow that a server that works takes as long.
PATIENT = Patience(connect=600, silence=600, block=600, pauses=(0, 0))


def bomb(header):
    """A gzip file of a gigabyte of zeros after `header`, in a megabyte."""
    return gzip.compress(header) + gzip.compress(bytes(10**7)) * 100


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers /<fault>/<file> by the method that the fault names."""

    def do_GET(self):
        self.fault, name = self.path.strip("/").split("/")
        self.server.asked.append(name)
        self.body = gzip.compress(FILES[name.removesuffix(".gz")])
        with contextlib.suppress(ConnectionError):
            getattr(self, self.fault)()

    def answer(self, body, length=None):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def redirect(self, location):
        self.send_response(302)
        self.send_header("Location", location)
        self.end_headers()

    def first_try(self):
        return self.server.asked.count(self.server.asked[-1]) == 1

    def good(self):
        self.answer(self.body)

    def compressed_twice_by_name(self):
        self.send_response(200)
        self.send_header("Content-Encoding", "x-gzip")
        self.end_headers()
        self.wfile.write(self.body)

    def missing(self):
        self.send_error(404)

    def forbidden(self):
        self.send_error(403)

    def failing(self):
        self.send_error(500)

    def failing_once(self):
        self.send_error(500) if self.first_try() else self.good()

    def busy_once(self):
        self.send_error(429) if self.first_try() else self.good()

    def moved(self):
        self.redirect(self.path.replace(self.fault, "good"))

    def moved_in_circles(self):
        self.redirect(self.path)

    def moved_elsewhere(self):
        self.redirect("ftp://127.0.0.1/")

    def truncated(self):
        self.answer(self.body[:-9], len(self.body))

    def truncated_once(self):
        self.truncated() if self.first_try() else self.good()

    def hung_up(self):
        self.close_connection = True

    def hung_up_once(self):
        self.hung_up() if self.first_try() else self.good()

    def no_http(self):
        self.wfile.write(b"220 ready\r\n")

    def login_page(self):
        self.answer(b"<html>Please log in</html>")

    def empty(self):
        self.answer(b"")

    def another_file(self):
        data = FILES[NAME]
        self.answer(gzip.compress(data[:-1] + bytes([data[-1] ^ 1])))

    def bomb(self):
        self.answer(bomb(FILES[NAME][:16]))

    def endless(self):
        self.send_response(200)
        self.end_headers()
        while not self.server.stopped.is_set():
            self.wfile.write(bytes(2**16))

    def announced_as_endless(self):
        self.answer(self.body, 10**15)

    def drip(self):
        while not self.server.stopped.wait(0.1):
            self.wfile.write(b"x")

    def dripping(self):
        self.send_response(200)
        self.end_headers()
        self.drip()

    def dripping_header(self):
        self.wfile.write(b"HTTP/1.0 200 OK\r\nX: ")
        self.drip()

    def silent(self):
        self.server.stopped.wait()

    def silent_midway(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body[:1000])
        self.server.stopped.wait()

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.asked, server.stopped = [], threading.Event()
        server.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.02,)).start()
        yield server
        server.stopped.set()
        server.shutdown()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def scratch(tmp_path):
    path = tmp_path / "scratch"
    path.mkdir()
    return path


@pytest.fixture
def good_folder(tmp_path):
    folder = tmp_path / "good"
    folder.mkdir()
    for name, data in FILES.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(data))
    return folder


# What is said of it, and how often the file is asked for.
FAULTS = {
    "missing": ("HTTP 404 Not Found, expected 200 OK", 1),
    "forbidden": ("HTTP 403 Forbidden, expected 200 OK", 1),
    "failing": ("HTTP 500 Internal Server Error, expected 200 OK", 3),
    "moved_in_circles": ("Exceeded 30 redirects", 31),
    "moved_elsewhere": ("No connection adapters were found for 'ftp://127.0.0.1/'", 1),
    "truncated": ("bytes read, 9 more expected", 3),
    "hung_up": ("connection broken (Remote end closed connection without response)", 3),
    "no_http": ("connection broken (220 ready)", 3),
    "login_page": ("not a complete gzip file (Not a gzipped file", 1),
    "empty": ("starts with nothing, expected the IDX magic number 00000803", 1),
    "another_file": ("SHA-256 of the decompressed file is", 1),
    "bomb": ("156817 bytes, expected 156816 for the shape (200, 28, 28)", 1),
    "endless": ("more than 1000000 bytes, expected less", 1),
    "announced_as_endless": ("more expected", 3),
}
# Servers that hold on to the client until it has lost its patience.
SLOW = {
    "dripping": (Patience(block=0.4), "less than 256 KiB in 0.4 s"),
    "dripping_header": (Patience(block=0.4), "less than 256 KiB in 0.4 s"),
    "silent": (
        Patience(connect=600, silence=0.2, block=600),
        "timed out (600 s to connect, 0.2 s without data)",
    ),
    "silent_midway": (
        Patience(connect=600, silence=0.2, block=600),
        "timed out (600 s to connect, 0.2 s without data)",
    ),
}


def failure(server, fault, good_folder, scratch, capsys, patience):
    """What is said of the fault, before the next source gives the files."""
    url = f"{server.url}/{fault}/"
    sources = [{"url": url}, {"directory": str(good_folder)}]
    assert download(sources, digests(FILES), scratch, patience) == FILES
    lines = capsys.readouterr().out.splitlines()
    (line,) = [line for line in lines if line.startswith("Failed: ")]
    assert line.startswith(f"Failed: url {url}: {NAME}")
    return line


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_of_a_server_leads_to_the_next_source(
    server, scratch, good_folder, monkeypatch, capsys, fault
):
    monkeypatch.setattr(siamese.sources, "MOST_BYTES", 10**6)
    message, tries = FAULTS[fault]
    assert message in failure(server, fault, good_folder, scratch, capsys, PATIENT)
    assert server.asked == [f"{NAME}.gz"] * tries


@pytest.mark.parametrize("fault", SLOW)
def test_slow_server_is_asked_once_and_left(
    server, scratch, good_folder, capsys, fault
):
    patience, message = SLOW[fault]
    assert message in failure(server, fault, good_folder, scratch, capsys, patience)
    # or not yet, where this machine is slower
    assert server.asked in ([], [f"{NAME}.gz"])


@pytest.mark.parametrize(
    "fault", ["failing_once", "busy_once", "truncated_once", "hung_up_once"]
)
def test_passing_fault_is_tried_again(server, scratch, fault):
    sources = [{"url": f"{server.url}/{fault}/"}]
    assert download(sources, digests(FILES), scratch, PATIENT) == FILES
    assert len(server.asked) == 2 * len(FILES)


@pytest.mark.parametrize("way", ["moved", "compressed_twice_by_name"])
def test_odd_but_right(server, scratch, way):
    sources = [{"url": f"{server.url}/{way}/"}]
    assert download(sources, digests(FILES), scratch, PATIENT) == FILES


def refusal(url, scratch, patience=PATIENT):
    with pytest.raises(StudyError) as error:
        download([{"url": url}], digests(FILES), scratch, patience)
    (line,) = str(error.value).splitlines()
    assert line.startswith(f"No source has the data: url {url}: {NAME}.gz: ")
    return line


def test_connection_refused(scratch):
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        port = deaf.getsockname()[1]
        assert "Connection refused" in refusal(f"http://127.0.0.1:{port}/", scratch)


def test_unknown_host(scratch, monkeypatch):
    def unknown(*_, **options):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    # Name servers may take long, or know all names.
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert "Name or service not known" in refusal("https://nowhere.invalid/", scratch)


@pytest.mark.skipif(
    importlib.util.find_spec("socks"), reason="PySocks is not the study's, but here"
)
def test_socks_proxy_without_its_package(scratch, monkeypatch):
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1")
    line = refusal("http://127.0.0.1:1/", scratch)
    assert f"{NAME}.gz: a SOCKS proxy needs PySocks: pip install PySocks. " in line


def test_host_that_does_not_answer(scratch):
    with contextlib.ExitStack() as stack:
        # A queue that is full: further attempts to connect are dropped.
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        port = full.getsockname()[1]
        patience = Patience(connect=0.2, silence=600, block=600)
        line = refusal(f"http://127.0.0.1:{port}/", scratch, patience)
    assert "timed out (0.2 s to connect" in line


def test_server_without_tls(server, scratch):
    assert "[SSL" in refusal(server.url.replace("http", "https") + "/good/", scratch)


def test_no_way_from_https_to_http():
    def response(url, status):
        made = requests.Response()
        made.url, made.status_code = url, status
        return made

    last = response("http://b/x.gz", 200)
    last.history = [response("https://a/x.gz", 302)]
    with pytest.raises(StudyError, match="redirected from https to http:"):
        check_response(last, "x.gz")
    last.history = [response("http://a/x.gz", 302)]
    check_response(last, "x.gz")


def test_error_names_the_reason_of_every_source(server, tmp_path, scratch):
    sources = [
        {"directory": str(tmp_path / "none")},
        {"url": f"{server.url}/missing/"},
        {"url": f"{server.url}/login_page/"},
    ]
    with pytest.raises(StudyError) as error:
        download(sources, digests(FILES), scratch, PATIENT)
    (line,) = str(error.value).splitlines()
    for reason in ("not found in", "HTTP 404", "not a complete gzip file"):
        assert line.count(reason) == 1
    assert f".gz into {tmp_path / 'none'}, or into a" in line


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (FILES[NAME][:16], "156817 bytes, expected 156816"),
        (bytes([0, 0, 8, 3]) + b"\xff" * 12, "expected at most 1000000000 bytes"),
    ],
)
def test_gzip_bomb_is_not_unpacked(tmp_path, header, message):
    path = tmp_path / f"{NAME}.gz"
    path.write_bytes(bomb(header))
    tracemalloc.start()
    with pytest.raises(StudyError, match=message):
        unpack(path, NAME, "0" * 64)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # Read in blocks of 1 MiB, where the whole is 1 GB.
    assert peak < 2_000_000


def listing(folder):
    """Contents of the files by name; nothing where there is no folder."""
    return {path.name: path.read_bytes() for path in folder.glob("*")}


@pytest.fixture
def study(tmp_path, good_folder):
    """A study that has nothing but what a test names as its source."""
    study = make_study(tmp_path / "study")
    for path in (study / "resources/fashion_mnist").iterdir():
        path.unlink()
    return study


def use_sources(study, *sources):
    dataset = {"sources": list(sources), "files": digests(FILES)}
    names = [f"class {number}" for number in range(10)]
    dataset |= {"format": "idx", "name": "fashion_mnist", "root": ""}
    edit_config(study, dataset=dataset | {"classes": names, "images_per_class": 30})


def open_when_read(paths, running):
    """Open for writing the first of some pipes that a process reads from."""
    deadline = time.monotonic() + PATIENCE
    for path in itertools.cycle(paths):
        try:
            return os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            assert error.errno == errno.ENXIO  # no one reads
        assert running.poll() is None, running.stdout.read()
        assert time.monotonic() < deadline
        time.sleep(0.02)


TARGET = f"resources/fashion_mnist/{NAME}"


def test_failed_or_killed_download_leaves_nothing_and_the_next_one_works(
    study, server, tmp_path, good_folder
):
    good, bad = {"directory": str(good_folder)}, {"url": f"{server.url}/missing/"}
    use_sources(study, bad)
    done = snakemake(study, TARGET)
    assert done.returncode != 0
    (line,) = [x for x in done.stdout.splitlines() if x.startswith("Error: ")]
    assert f"No source has the data: url {server.url}/missing/: " in line
    assert "-ubyte.gz: HTTP 404 Not Found" in line
    assert listing(study / "resources/fashion_mnist") == {}

    endless = tmp_path / "endless"
    endless.mkdir()
    pipes = [endless / f"{name}.gz" for name in FILES]
    for pipe in pipes:
        os.mkfifo(pipe)
    use_sources(study, {"directory": str(endless)})
    process = subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--cores", "1", TARGET],
        cwd=study,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        # The job waits for more of a file until it is killed.
        pipe = open_when_read(pipes, process)
        (job,) = [
            child
            for child in psutil.Process(process.pid).children(recursive=True)
            if any(part.endswith("download.py") for part in child.cmdline())
            and child.name().startswith("python")
        ]
        job.kill()
        process.communicate(timeout=PATIENCE)
        os.close(pipe)
    finally:
        process.kill()
    assert process.returncode != 0
    assert listing(study / "resources/fashion_mnist") == {}

    use_sources(study, bad, good)
    done = snakemake(study, TARGET)
    assert done.returncode == 0, done.stdout
    assert listing(study / "resources/fashion_mnist") == FILES
