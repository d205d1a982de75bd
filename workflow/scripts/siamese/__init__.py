"""What more than one script of the workflow needs.

Its modules are always run from their source, never from a cached compilation of
another one that has the same date and size, and `CODE` tells what was run.
"""

import hashlib
import sys
from importlib.machinery import FileFinder, SourceFileLoader

# Digests of the modules that were imported, by file name.
CODE = {}


class SourceLoader(SourceFileLoader):
    def get_code(self, fullname):
        source = self.get_data(self.path)
        name = self.path.rpartition("/")[2]
        CODE[name] = hashlib.sha256(source).hexdigest()[:8]
        return self.source_to_code(source, self.path)


for folder in __path__:
    sys.path_importer_cache[folder] = FileFinder(folder, (SourceLoader, [".py"]))
