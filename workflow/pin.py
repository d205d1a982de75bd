"""Write the digest of a data set's files into its config, so that a change is noticed.

    python workflow/pin.py --configfile config/mine.yaml [--directory mine]

The config must have the key `dataset`. Its line `digest` is replaced, or added.
"""

import argparse
import os
import re
import sys
from pathlib import Path

import yaml

sys.path.append(str(Path(__file__).resolve().parent / "scripts"))

from siamese.datasets import read_dataset
from siamese.errors import Refusal, StudyError
from siamese.paths import argument
from siamese.stored import write_text
from siamese.study import Study, with_defaults

# What the text of a config may turn out not to be.
UNREADABLE = (
    *(OSError, ValueError, TypeError, LookupError, AttributeError),
    yaml.YAMLError,
)
PROJECT = Path(__file__).resolve().parents[1]


def with_digest(text, digest):
    """The text of a config with the digest of its data set.

    Raises ValueError if its `dataset` is not written as a block.
    """
    block = re.search(
        r"^dataset:[^\n]*\n((?:[ \t]+[^\n]*\n|[ \t]*#[^\n]*\n|\n)+)", text, re.M
    )
    line = block and re.search(r"^[ \t]+(?=[a-z])", block[1], re.M)
    if not line:
        raise ValueError("found no lines below `dataset:`")
    entry = f"{line[0]}digest: {digest}\n"
    old = re.search(rf"^{line[0]}digest:.*\n", block[1], re.M)
    start = block.start(1) + (old or line).start()
    new = text[:start] + entry + text[block.start(1) + old.end() if old else start :]
    content = yaml.safe_load(text)
    content["dataset"]["digest"] = digest
    if yaml.safe_load(new) != content:
        raise ValueError("found lines that cannot be edited")
    return new


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--configfile", type=argument, required=True)
    parser.add_argument("--directory", type=argument, default=Path.cwd())
    options = parser.parse_args()
    path = options.configfile
    try:
        text = path.read_text(encoding="utf-8")
        config = with_defaults(yaml.safe_load(text), PROJECT)
        study = Study.from_config(config, PROJECT, options.directory)
        content = read_dataset(
            study.paths.originals(), study.reading | {"digest": None}
        )
        new = with_digest(text + "\n" * (not text.endswith("\n")), content.digest)
        # Under another name first, so that the config is never half of itself.
        part = path.with_name(f".{path.name}.part")
        write_text(part, new)
        os.replace(part, path)
    except UNREADABLE as error:
        raise Refusal(
            f"{path}: {error}; expected the overlay of a study with a block `dataset`, "
            "whose files are there (run snakemake first)"
        ) from None
    except StudyError as error:
        raise Refusal(str(error)) from None
    print(
        f"{path}: dataset.digest is {content.digest}, of {len(content.images)} images"
    )


if __name__ == "__main__":
    main()
