"""The audit of the lock: holes are refused, no network is no reason to refuse."""

import http.server
import json
import os
import subprocess
import sys
import threading

import pytest
from study import ROOT

PINS = [
    {"name": "numpy", "version": "2.4.6", "vulns": []},
    {"name": "pillow", "version": "1.0", "vulns": []},
]
HOLE = {"id": "PYSEC-1", "aliases": ["CVE-2026-1"], "fix_versions": ["1.1"]}
UNKNOWN = {"name": "numpy", "skip_reason": "Dependency not found on PyPI"}


def audit(tmp_path, script, *arguments):
    """Run the audit with a pip-audit that does what a shell script says."""
    fake = tmp_path / "pip-audit"
    fake.write_text(f"#!/bin/sh\n{script}\n")
    fake.chmod(0o755)
    return subprocess.run(
        [sys.executable, ROOT / ".ci/audit.py", "requirements.txt", *arguments],
        env={**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )


def answer(pins, status=0):
    return f"echo '{json.dumps({'dependencies': pins, 'fixes': []})}'; exit {status}"


def test_no_holes(tmp_path):
    done = audit(tmp_path, answer(PINS))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "audit: asked about 2 of 2 pins\n"


def test_hole_is_refused_by_name(tmp_path):
    done = audit(tmp_path, answer([PINS[0], {**PINS[1], "vulns": [HOLE]}], 1))
    assert done.returncode == 1
    assert done.stderr == (
        "Error: requirements.txt: pillow 1.0 has PYSEC-1, CVE-2026-1, mended in 1.1; "
        "put that into requirements.in and run `make lock`\n"
    )


def test_hole_without_a_remedy_is_refused_too(tmp_path):
    hole = HOLE | {"fix_versions": []}
    done = audit(tmp_path, answer([{**PINS[1], "vulns": [hole]}], 1))
    assert done.returncode == 1
    assert "mended in no version yet" in done.stderr


def test_pins_that_the_database_does_not_know_are_named(tmp_path):
    done = audit(tmp_path, answer([UNKNOWN, PINS[1]]))
    assert done.returncode == 0
    assert "asked about 1 of 2 pins" in done.stdout
    assert "does not know numpy" in done.stdout


def test_database_that_knows_nothing_is_no_clean_bill(tmp_path):
    """A mirror that has packages alone answers so, and pip-audit says 'no holes'."""
    done = audit(tmp_path, answer([UNKNOWN]))
    assert done.returncode == 0
    assert done.stdout == (
        "audit skipped: the database that answers knows none of 1 pins\n"
    )


@pytest.mark.parametrize(
    "complaint",
    [
        "requests.exceptions.ConnectionError: HTTPSConnectionPool(host=pypi.org)",
        "requests.exceptions.JSONDecodeError: Expecting value",
        "ERROR:pip_audit._cli:Could not connect to the vulnerability feed",
        "pip_audit._service.interface.ServiceError",
    ],
)
def test_without_an_answer_it_is_skipped(tmp_path, complaint):
    done = audit(tmp_path, f"echo '{complaint}' >&2; exit 1")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("audit skipped: no network")


def test_another_failure_is_not_taken_for_no_network(tmp_path):
    done = audit(tmp_path, "echo 'ERROR: requirement is not hashed' >&2; exit 1")
    assert done.returncode == 2
    assert done.stderr == (
        "Error: pip-audit requirements.txt: ERROR: requirement is not hashed\n"
    )


def test_hanging_audit_is_stopped(tmp_path):
    fake = tmp_path / "pip-audit"
    fake.write_text("#!/bin/sh\nexec sleep 600\n")
    fake.chmod(0o755)
    code = "import audit; raise SystemExit(audit.audit('x', seconds=0.5))"
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT / ".ci")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0
    assert "audit skipped: no network" in done.stdout


def test_real_audit_without_a_network_is_skipped():
    env = {**os.environ, "HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": ""}
    done = subprocess.run(
        [sys.executable, ".ci/audit.py", "requirements.txt"],
        env=env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("audit skipped: no network")


class Database(http.server.BaseHTTPRequestHandler):
    """Answers as OSV does: one hole in requests, and none elsewhere."""

    def do_POST(self):
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = query["package"]["name"]
        fixed = {"events": [{"introduced": "0"}, {"fixed": "99"}], "type": "ECOSYSTEM"}
        hole = {
            "id": "PYSEC-1",
            "aliases": ["CVE-2026-1"],
            "summary": "A hole.",
            "affected": [
                {"package": {"name": name, "ecosystem": "PyPI"}, "ranges": [fixed]}
            ],
        }
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"vulns": [hole] * (name == "requests")}).encode())

    def log_message(self, *_):
        pass


@pytest.mark.parametrize(("ignored", "status"), [([], 1), (["CVE-2026-1"], 0)])
def test_real_audit_finds_a_hole_in_the_lock(ignored, status):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Database) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        done = subprocess.run(
            [
                *(sys.executable, ".ci/audit.py", "requirements.txt", "-s", "osv"),
                f"--osv-url=http://127.0.0.1:{server.server_port}/",
                *(f"--ignore-vuln={name}" for name in ignored),
            ],
            env={**os.environ, "NO_PROXY": "*"},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
        )
        server.shutdown()
    assert done.returncode == status, done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == status
    for line in lines:
        assert line.startswith("Error: requirements.txt: requests ")
        assert "has PYSEC-1, CVE-2026-1, mended in 99;" in line
