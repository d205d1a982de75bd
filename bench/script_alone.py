"""Run one script of the workflow without Snakemake, and tell which files it opens.

    python bench/script_alone.py summarise job.json

job.json has input, output and params of its rule. The last line printed is a JSON
list of the files below the current folder that the script opened.
"""

import importlib
import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace

SCRIPTS = Path(__file__).resolve().parents[1] / "workflow" / "scripts"


def main(name, job):
    sys.path.append(str(SCRIPTS))
    opened = set()

    def note(event, arguments):
        if event == "open" and isinstance(arguments[0], str | os.PathLike):
            opened.add(os.path.abspath(arguments[0]))

    parts = json.loads(Path(job).read_text())
    module = importlib.import_module(name)
    sys.addaudithook(note)
    module.main(SimpleNamespace(**{k: SimpleNamespace(**v) for k, v in parts.items()}))
    found = [path for path in sorted(opened) if path.startswith(os.getcwd() + os.sep)]
    print(json.dumps([os.path.relpath(path) for path in found]))


if __name__ == "__main__":
    main(*sys.argv[1:])
