"""Refuse a lock file with a pin that has a known hole: audit.py requirements.txt.

Further arguments go to pip-audit, such as `--ignore-vuln ID` for a hole that does
not concern the study. Where the database of holes cannot be asked, one line says
so, and nothing is refused.
"""

import json
import re
import subprocess
import sys

# The lock has more than a hundred pins, each asked about on its own.
SECONDS = 300
# How pip-audit's complaints end where the database does not answer as it should.
NO_ANSWER = re.compile(
    r"requests\.exceptions\.|ServiceError|Could not connect|not redirecting"
)


def skipped(reason):
    print(f"audit skipped: {reason}")
    return 0


def audit(lock, *arguments, seconds=SECONDS):
    """Exit status: 1 for pins with holes, 2 if pip-audit itself fails, else 0."""
    command = [
        *("pip-audit", "--requirement", lock, "--require-hashes", "--disable-pip"),
        *("--format", "json", "--progress-spinner", "off", "--timeout", "10"),
        *arguments,
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        return skipped(f"no network, or too slow a one: no answer in {seconds} s")
    try:
        pins = json.loads(done.stdout)["dependencies"]
    except ValueError:
        if NO_ANSWER.search(done.stderr):
            return skipped("no network: the database of holes does not answer")
        complaint = (done.stderr.strip() or "no message").splitlines()[-1]
        print(f"Error: pip-audit {lock}: {complaint}", file=sys.stderr)
        return 2
    unknown = [pin["name"] for pin in pins if "skip_reason" in pin]
    if len(unknown) == len(pins):
        return skipped(f"the database that answers knows none of {len(pins)} pins")
    for pin in pins:
        for hole in pin.get("vulns", []):
            names = ", ".join([hole["id"], *hole["aliases"]])
            mended = ", ".join(hole["fix_versions"]) or "no version yet"
            print(
                f"Error: {lock}: {pin['name']} {pin['version']} has {names}, mended in "
                f"{mended}; put that into requirements.in and run `make lock`",
                file=sys.stderr,
            )
    print(f"audit: asked about {len(pins) - len(unknown)} of {len(pins)} pins")
    if unknown:
        print(f"audit: the database does not know {', '.join(unknown)}")
    return int(any(pin.get("vulns") for pin in pins))


if __name__ == "__main__":
    sys.exit(audit(*sys.argv[1:]))
