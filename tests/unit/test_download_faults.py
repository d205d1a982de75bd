"""What servers, networks, machines and people do to the download."""

import contextlib
import gzip
import http.server
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
import tracemalloc
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import requests
from download import download, unpack
from snakemake.iocontainers import OutputFiles
from study import ROOT, digests, edit_config, generate_files, make_study, snakemake

import siamese.sources
from siamese.errors import StudyError
from siamese.job import complete_outputs
from siamese.sources import Patience, check_response

NAME = "train-images-idx3-ubyte"
FILES = generate_files()
QUICK = Patience(connect=0.5, silence=0.5, block=1, pauses=(0, 0), command=1)


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

    def drip(self, data):
        for byte in data:
            if self.server.stopped.wait(0.1):
                return
            self.wfile.write(bytes([byte]))

    def dripping(self):
        self.send_response(200)
        self.end_headers()
        self.drip(self.body)

    def dripping_header(self):
        self.drip(b"HTTP/1.0 200 OK\r\n" + b"X: y\r\n" * 1000)

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
    "dripping": ("less than 256 KiB in 1 s", 1),
    "dripping_header": ("less than 256 KiB in 1 s", 1),
    "silent": ("timed out (0.5 s to connect, 0.5 s without data)", 1),
    "silent_midway": ("timed out (0.5 s to connect, 0.5 s without data)", 1),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_of_a_server_leads_to_the_next_source(
    server, scratch, good_folder, monkeypatch, capsys, fault
):
    monkeypatch.setattr(siamese.sources, "MOST_BYTES", 10**6)
    message, tries = FAULTS[fault]
    url = f"{server.url}/{fault}/"
    sources = [{"url": url}, {"directory": str(good_folder)}]
    assert download(sources, digests(FILES), scratch, QUICK) == FILES
    lines = capsys.readouterr().out.splitlines()
    (line,) = [line for line in lines if line.startswith("Failed: ")]
    assert line.startswith(f"Failed: url {url}: {NAME}")
    assert message in line
    assert server.asked == [f"{NAME}.gz"] * tries


@pytest.mark.parametrize(
    "fault", ["failing_once", "busy_once", "truncated_once", "hung_up_once"]
)
def test_passing_fault_is_tried_again(server, scratch, fault):
    sources = [{"url": f"{server.url}/{fault}/"}]
    assert download(sources, digests(FILES), scratch, QUICK) == FILES
    assert len(server.asked) == 2 * len(FILES)


@pytest.mark.parametrize("way", ["moved", "compressed_twice_by_name"])
def test_odd_but_right(server, scratch, way):
    sources = [{"url": f"{server.url}/{way}/"}]
    assert download(sources, digests(FILES), scratch, QUICK) == FILES


def refusal(url, scratch):
    with pytest.raises(StudyError) as error:
        download([{"url": url}], digests(FILES), scratch, QUICK)
    (line,) = str(error.value).splitlines()
    assert line.startswith(f"No source has the data: url {url}: {NAME}.gz: ")
    return line


def test_connection_refused(scratch):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert "Connection refused" in refusal(f"http://127.0.0.1:{port}/", scratch)


def test_unknown_host(scratch):
    line = refusal("https://nowhere.invalid/", scratch)
    assert "resol" in line or "Name or service not known" in line


def test_host_that_does_not_answer(scratch):
    with contextlib.ExitStack() as stack:
        # A queue that is full: further attempts to connect are dropped.
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        port = full.getsockname()[1]
        line = refusal(f"http://127.0.0.1:{port}/", scratch)
    assert "timed out (0.5 s to connect" in line


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
        download(sources, digests(FILES), scratch, QUICK)
    (line,) = str(error.value).splitlines()
    for reason in ("not found in", "HTTP 404", "not a complete gzip file"):
        assert line.count(reason) == 1
    assert "resources/fashion_mnist" in line


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (FILES[NAME][:16], "156817 bytes, expected 156816"),
        (bytes([0, 0, 8, 3]) + b"\xff" * 12, "expected at most 100000000 bytes"),
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
    assert peak < 2_000_000


def listing(folder):
    """Contents of the files by name; nothing where there is no folder."""
    return {path.name: path.read_bytes() for path in folder.glob("*")}


def store(files, folder):
    """Write the outputs of a job as the script does."""
    job = SimpleNamespace(output=OutputFiles([str(folder / name) for name in files]))
    with complete_outputs(job):
        for path, payload in zip(job.output, files.values(), strict=True):
            Path(path).write_bytes(payload)


DIE_IN_REPLACE = """
import os, signal, sys
from pathlib import Path
from test_download_faults import FILES, store
replaced, replace = [], os.replace
def die_at_the_third(source, target):
    if len(replaced) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    replaced.append(replace(source, target))
os.replace = die_at_the_third
store(FILES, Path(sys.argv[1]))
"""


def test_killed_while_storing_leaves_whole_files(tmp_path):
    command = [sys.executable, "-c", DIE_IN_REPLACE, str(tmp_path)]
    path = f"{ROOT}/workflow/scripts:{ROOT}/tests"
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path})
    assert done.returncode == -signal.SIGKILL
    left = {n: b for n, b in listing(tmp_path).items() if not n.startswith(".")}
    assert left == dict(list(FILES.items())[:2])
    store(FILES, tmp_path)
    assert listing(tmp_path) == FILES


def test_no_space_leaves_nothing(tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            store(FILES, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert listing(tmp_path) == {}


@pytest.fixture
def study(tmp_path, server):
    """A study that has nothing but a server, which is at fault."""
    study = make_study(tmp_path / "study")
    for path in (study / "resources/fashion_mnist").iterdir():
        path.unlink()
    use_source(study, f"{server.url}/missing/")
    return study


def use_source(study, url):
    dataset = {"sources": [{"url": url}], "files": digests(FILES)}
    names = [f"class {number}" for number in range(10)]
    edit_config(study, dataset=dataset | {"classes": names, "images_per_class": 30})


TARGET = f"resources/fashion_mnist/{NAME}"


def test_failed_download_leaves_nothing_and_the_next_one_works(study, server):
    done = snakemake(study, TARGET)
    assert done.returncode != 0
    (line,) = [x for x in done.stdout.splitlines() if x.startswith("Error: ")]
    assert f"No source has the data: url {server.url}/missing/: " in line
    assert "-ubyte.gz: HTTP 404 Not Found" in line
    assert listing(study / "resources/fashion_mnist") == {}
    use_source(study, f"{server.url}/good/")
    done = snakemake(study, TARGET)
    assert done.returncode == 0, done.stdout
    assert listing(study / "resources/fashion_mnist") == FILES


def test_killed_download_leaves_nothing_and_the_next_one_works(study, server):
    use_source(study, f"{server.url}/silent_midway/")
    command = [sys.executable, "-m", "snakemake", "--cores", "1", TARGET]
    with subprocess.Popen(
        command, cwd=study, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        while not server.asked:
            assert process.poll() is None, process.stdout.read()
            time.sleep(0.05)
        (job,) = [
            child
            for child in psutil.Process(process.pid).children(recursive=True)
            if any(part.endswith("download.py") for part in child.cmdline())
            and child.name().startswith("python")
        ]
        job.kill()
        process.communicate(timeout=60)
    assert process.returncode != 0
    assert listing(study / "resources/fashion_mnist") == {}
    use_source(study, f"{server.url}/good/")
    done = snakemake(study, TARGET)
    assert done.returncode == 0, done.stdout
    assert listing(study / "resources/fashion_mnist") == FILES
