"""Run a study and verify it, compare results or pictures, and pin a data set."""

import argparse
import importlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "scripts"))

from siamese.errors import StudyError


def main(arguments=None):
    """Run the command that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parsers = parser.add_subparsers(required=True, metavar="command", dest="command")
    for name in ("run", "verify", "compare", "compare-images", "pin"):
        module = importlib.import_module(f"commands.{name.replace('-', '_')}")
        text = module.__doc__
        command = parsers.add_parser(name, help=text, description=text)
        command.set_defaults(main=module.main)
        module.add_arguments(command)
    options, others = parser.parse_known_args(arguments)
    if others and options.command != "run":
        parser.error(f"{options.command} does not take {' '.join(others)}")
    try:
        options.main(options, *others)
    except (StudyError, OSError) as error:
        sys.exit(f"Error: {error}")


if __name__ == "__main__":
    main()
