"""The places of a study's files: the meaning of paths in its config."""

import argparse
import dataclasses
import functools
import json
import operator
import os
from pathlib import Path
from string import Template

from siamese.errors import ConfigError
from siamese.study.options import Config


def places(text, *folders):
    """The absolute paths that a text may mean, in order of preference, each once.

    `~`, `~user`, `$NAME` and `${NAME}` are replaced; `$$` is a dollar sign. A relative
    path may begin in each of the folders. Raises ValueError, which says what is
    expected, for a variable that is not set or is empty, and for an unknown user.
    """
    values = {name: value for name, value in os.environ.items() if value}
    try:
        text = Template(text).substitute(values)
    except KeyError as error:
        raise ValueError(
            f"a path of variables that are set; {error.args[0]} is not: set it (or "
            "write $$ for a dollar sign)"
        ) from None
    except ValueError:
        raise ValueError("a path; write $$ for a dollar sign") from None
    path = os.path.expanduser(text)
    if path.startswith("~"):
        raise ValueError(f"a home folder that exists; write ./{text} for a folder here")
    return list(dict.fromkeys(Path(folder).resolve() / path for folder in folders))


def argument(text):
    """The absolute path that a word of the command line means, for argparse.

    The shell has replaced variables, but leaves `~` in --option=~/folder.
    """
    try:
        return places(text.replace("$", "$$"), Path.cwd())[0]
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected {error}") from None


@dataclasses.dataclass(frozen=True)
class Paths:
    """The paths of a study; a relative one is in its folder, else in the project's."""

    config: Config
    project: Path
    folder: Path

    def places(self, key, text):
        """The absolute paths that a text of the config may mean, at least one."""
        try:
            paths = places(text, self.folder, self.project)
        except ValueError as error:
            raise ConfigError(key, text, str(error)) from None
        for path in map(str, paths):
            if "{" in path or "}" in path:
                expected = "a path without braces, which Snakemake takes for wildcards"
                raise ConfigError(key, path, expected)
        return paths

    def existing(self, key, kind="file", exists=Path.is_file):
        """The first place of an option's text where something is; None for no text."""
        text = operator.attrgetter(key)(self.config)
        paths = [] if text is None else self.places(key, text)
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

    @functools.cached_property
    def sources(self):
        """The places of the data set, a dict of one key each; folders are absolute."""
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
        dataset = self.config.dataset
        texts = [source.directory for source in dataset.sources]
        texts += [dataset.folder, dataset.published]
        texts += [self.config.claims, self.config.development]
        templates = map(Template, filter(None, texts))
        return sorted({name for text in templates for name in text.get_identifiers()})

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
    def pixels(self):
        """Pixels of an image, by the config or an earlier run, else the report's."""
        shape = self.config.dataset.shape
        try:
            shape = shape or json.loads(self.description.read_bytes())["shape"]
            return shape[0] * shape[1]
        except (OSError, ValueError, LookupError, TypeError):
            return 28 * 28

    def check(self):
        """Refuse paths with mistakes, and a project in a folder with braces."""
        self.places("folder of the project", str(self.project).replace("$", "$$"))
        # They are read now, since a job may not have the variables in them.
        self.sources, self.claims, self.development  # noqa: B018
