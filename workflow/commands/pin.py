"""Write the digest of a data set into its config, so that a change is noticed."""

import re
from pathlib import Path

import yaml

from siamese.data.dataset import read_dataset
from siamese.errors import StudyError
from siamese.stats.metrics import METRICS
from siamese.study.study import Study, with_defaults

PROJECT = Path(__file__).resolve().parents[2]
# The line `dataset:` with the comments below it, and the indent of the next line.
START = re.compile(r"^(dataset:.*\n(?:[ \t]*(?:#.*)?\n)*)([ \t]+)", re.MULTILINE)


def with_digest(path, digest):
    """A config's text with a digest below `dataset:`; StudyError without that line."""
    text = path.read_text(encoding="utf-8")
    without = re.sub(r"(?m)^[ \t]+digest:.*\n?", "", text)
    new, n = START.subn(rf"\1\2digest: {digest}\n\2", without, count=1)
    if n == 0:
        raise StudyError(f"{path}: expected a study's YAML with lines below `dataset:`")
    return new


def add_arguments(parser):
    parser.add_argument("--configfile", type=Path, required=True)
    parser.add_argument("--directory", type=Path, default=".")


def main(options):
    path = options.configfile
    # A digest that is there may be wrong, so any other stands in for it.
    config = with_defaults(yaml.safe_load(with_digest(path, "f" * 64)), PROJECT)
    study = Study.from_config(config, PROJECT, options.directory, METRICS)
    content = read_dataset(study.paths.originals(), study.reading | {"digest": None})
    path.write_text(with_digest(path, content.digest), encoding="utf-8")
    print(f"{path}: dataset.digest is {content.digest}")
