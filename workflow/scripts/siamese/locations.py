"""Where the files of a study are: what the paths of its config mean."""

import dataclasses
import functools
import os
from pathlib import Path

from siamese.errors import ConfigError
from siamese.options import Config
from siamese.paths import places, variables


@dataclasses.dataclass(frozen=True)
class Locations:
    """The paths of a study.

    A relative one is looked for in the study's folder, then in the project's.
    """

    config: Config
    project: Path
    folder: Path

    def places(self, key, text):
        """The absolute paths that one of the config may mean, at least one.

        Raises ConfigError for one that means none.
        """
        try:
            found = places(text, self.folder, self.project)
        except ValueError as error:
            raise ConfigError(key, text, str(error)) from None
        for path in map(str, found):
            if not path.isprintable():
                expected = f"one line of printable text, not {path!r}"
                raise ConfigError(key, text, expected)
        return found

    def file_at(self, key, text):
        """The file that a path of the config means; None for none."""
        if text is None:
            return None
        found = self.places(key, text)
        for path in filter(os.path.isfile, found):
            if {*"{}"} & {*os.path.relpath(path, self.folder)}:
                expected = "a path without braces, which Snakemake takes for wildcards"
                raise ConfigError(key, str(path), expected)
            return path
        expected = f"a file; there is none at {' or '.join(map(str, found))}"
        raise ConfigError(key, text, expected)

    @functools.cached_property
    def image_folder(self):
        """The folder of images, or None for other formats."""
        text = self.config.dataset.folder
        if text is None:
            return None
        found = self.places("dataset.folder", text)
        for path in filter(os.path.isdir, found):
            return path
        expected = f"a folder; there is none at {' or '.join(map(str, found))}"
        raise ConfigError("dataset.folder", text, expected)

    @functools.cached_property
    def sources(self):
        """Where the data set may be, a dict of one key each; folders are absolute."""
        sources = []
        for number, source in enumerate(self.config.dataset.sources):
            if source.directory is None:
                sources.append(source.stated())
            else:
                key = f"dataset.sources.{number}.directory"
                folders = self.places(key, source.directory)
                sources += [{"directory": str(folder)} for folder in folders]
        return sources

    @property
    def variables(self):
        """The environment variables in paths of the config."""
        folders = [source.directory for source in self.config.dataset.sources]
        others = [self.config.claims, self.config.dataset.folder]
        others.append(self.config.development)
        paths = filter(None, [*folders, *others, self.config.dataset.published])
        return sorted({name for path in paths for name in variables(path)})

    @property
    def data_files(self):
        """What is fetched; nothing of a folder."""
        dataset = self.config.dataset
        return [f"<resources>/{dataset.name}/{name}" for name in dataset.files]

    def originals(self):
        """Absolute paths of the data set's files, or of its folder."""
        if self.image_folder is not None:
            return [self.image_folder]
        folder = self.folder / "resources" / self.config.dataset.name
        return [folder / name for name in self.config.dataset.files]

    @property
    def root(self):
        """What stands between results and a path in it, such as '/digits', or ''."""
        folder = self.config.dataset.results
        return f"/{folder}" if folder else ""

    def resolve(self, paths):
        """Paths of the study with the folders that Snakemake has for <results>."""
        return [path.replace("<results>", f"results{self.root}") for path in paths]

    @functools.cached_property
    def claims(self):
        """The file of claims, or None."""
        return self.file_at("claims", self.config.claims)

    @functools.cached_property
    def published(self):
        """The table of published accuracies, or None."""
        return self.file_at("dataset.published", self.config.dataset.published)

    @functools.cached_property
    def development(self):
        """The table of another study, or None."""
        return self.file_at("development", self.config.development)

    def check(self):
        """Refuse a project below a folder with braces in its name, and bad sources."""
        if {*"{}"} & {*str(self.project)}:
            raise ConfigError(
                "folder of the project",
                str(self.project),
                "a path without braces, which Snakemake takes for wildcards; move it",
            )
        # Here, since a job may not have the variables in them.
        self.sources  # noqa: B018
