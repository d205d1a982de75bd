"""The places of a study's files: the meaning of paths in its config."""

import dataclasses
import functools
import json
import operator
import os
from pathlib import Path

from siamese.errors import ConfigError
from siamese.study.options import Config


@dataclasses.dataclass(frozen=True)
class Paths:
    """The paths of a study; a relative one is in its folder, else in the project's."""

    config: Config
    project: Path
    folder: Path

    def places(self, text):
        """The absolute paths that a text of the config may mean, the preferred first.

        `~`, `~user`, `$NAME` and `${NAME}` are replaced.
        """
        path = os.path.expanduser(os.path.expandvars(text))
        folders = self.folder, self.project
        return list(dict.fromkeys(folder.resolve() / path for folder in folders))

    def existing(self, key, kind="file", exists=Path.is_file):
        """The first place of an option's text where something is; None for no text."""
        text = operator.attrgetter(key)(self.config)
        paths = [] if text is None else self.places(text)
        for path in filter(exists, paths):
            return path
        if paths:
            expected = f"a {kind}; there is none at {' or '.join(map(str, paths))}"
            raise ConfigError(key, text, expected)

    @functools.cached_property
    def image_folder(self):
        """The folder of images, or None for other formats."""
        return self.existing("dataset.folder", "folder", Path.is_dir)

    @functools.cached_property
    def claims(self):
        """The file of claims, or None."""
        return self.existing("claims")

    @functools.cached_property
    def development(self):
        """The table of another study, or None."""
        return self.existing("development")

    @property
    def sources(self):
        """The places of the data set, a dict of one key each; folders are absolute."""
        sources = []
        for source in self.config.dataset.sources:
            if source.directory is None:
                sources.append(source.stated())
            else:
                folders = self.places(source.directory)
                sources += [{"directory": str(folder)} for folder in folders]
        return sources

    @property
    def data_files(self):
        """The files to fetch; none for a folder."""
        dataset = self.config.dataset
        return [f"<resources>/{dataset.name}/{name}" for name in dataset.files]

    def originals(self):
        """Absolute paths of the data set's files, or of its folder."""
        folder = self.folder / "resources" / self.config.dataset.name
        files = [folder / name for name in self.config.dataset.files]
        return [self.image_folder] if self.image_folder else files

    @property
    def root(self):
        """The folder of the data set below results, such as '/digits', or ''."""
        dataset = self.config.dataset
        folder = dataset.name if dataset.root is None else dataset.root
        return f"/{folder}" if folder else ""

    @property
    def description(self):
        """The file that describes the stored data set; it may not exist yet."""
        return self.folder / f"results{self.root}/dataset/dataset.json"

    @property
    def shape(self):
        """Height and width of an image, by the config or an earlier run, else 28."""
        shape = self.config.dataset.shape
        try:
            return shape or json.loads(self.description.read_bytes())["shape"]
        except (OSError, ValueError, LookupError, TypeError):
            return 28, 28
