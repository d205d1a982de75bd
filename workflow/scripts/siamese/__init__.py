"""What more than one script of the workflow needs.

Its modules are always run from their source, never from a cached compilation of
another one that has the same date and size, and `CODE` tells what was run.
"""

import hashlib
import sys
from importlib.machinery import FileFinder, SourceFileLoader
from pathlib import Path


def digest_of(content):
    """The content of a file, in short."""
    return hashlib.sha256(content).hexdigest()[:8]


class SourceLoader(SourceFileLoader):
    def get_code(self, fullname):
        source = self.get_data(self.path)
        CODE[Path(self.path).name] = digest_of(source)
        return self.source_to_code(source, self.path)


# By file name the digests of what was imported.
CODE = {"__init__.py": digest_of(Path(__file__).read_bytes())}
for folder in (*__path__, *(f"{path}/networks" for path in __path__)):
    sys.path_importer_cache[folder] = FileFinder(folder, (SourceLoader, [".py"]))
