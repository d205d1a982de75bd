"""The options of a study and of a file of claims: types, bounds, and what each means.

config/config.schema.json and the tables of config/README.md are made from here:
`make reference`. So what stands below a field is what users read.
"""

import collections
import json
from types import MappingProxyType
from typing import Annotated, Literal

import pydantic
from pydantic import AfterValidator, BeforeValidator, Field

from siamese.axes import AXES, LARGEST, NAMED
from siamese.errors import ConfigError
from siamese.idx import IMAGES, LABELS, label_file
from siamese.metrics import METRIC_OF_COLUMN, METRICS
from siamese.splits import SPLITS

SINGLE, LIST, ID, NAME = "<single>", "<list>", "<id>", "<name>"
# Of a threshold that another study gives.
DEVELOPMENT = "development"
FORMAT_NAMES = ("idx", "npz", "folder")
FILE_NAME = "^[A-Za-z0-9_][A-Za-z0-9._-]*$"


class Unexpected(ValueError):
    """A value, or a part of it, that is not what a validator expects."""

    def __init__(self, expected, **found):
        super().__init__(expected)
        self.context = {"expected": expected, **found}


def expect(condition, expected, **found):
    if not condition:
        raise Unexpected(expected, **found)


def printable(text):
    expect(text.isprintable(), "one line of printable text")
    return text


def distinct(values):
    expect(len(set(values)) == len(values), "no value twice")
    return values


def registered(registry, *more):
    """A validator: the name of an entry of a registry."""

    def check(name):
        known = [*registry, *more]
        expect(name in known, f"one of {known}")
        return name

    return AfterValidator(check)


def from_development(text):
    expect(text == DEVELOPMENT, f"a number, {DEVELOPMENT!r}, or null")
    return text


def listed(item, least=1, most=None, unique=True):
    """The type of a list, stored as a tuple."""
    length = Field(
        min_length=least,
        max_length=most,
        json_schema_extra={"uniqueItems": True} if unique else None,
    )
    to_tuple = BeforeValidator(lambda x: tuple(x) if isinstance(x, list) else x)
    kind = Annotated[tuple[item, ...], length, to_tuple]
    return Annotated[kind, AfterValidator(distinct)] if unique else kind


def single_or_list(single, several):
    """The type of a value that may also be a list; errors are about what it is."""
    choose = pydantic.Discriminator(lambda x: LIST if isinstance(x, list) else SINGLE)
    return Annotated[
        Annotated[single, pydantic.Tag(SINGLE)]
        | Annotated[several, pydantic.Tag(LIST)],
        choose,
    ]


def mapping(key, value):
    return Annotated[dict[key, value], AfterValidator(MappingProxyType)]


def text(most, least=1, **options):
    bounds = Field(min_length=least, max_length=most, **options)
    return Annotated[str, bounds, AfterValidator(printable)]


Path = text(4000)
Class = Annotated[
    Annotated[int, Field(ge=0, le=LARGEST), pydantic.Tag(ID)]
    | Annotated[text(60), pydantic.Tag(NAME)],
    pydantic.Discriminator(lambda x: NAME if isinstance(x, str) else ID),
]
Classes = listed(Class, least=2)
Sha256 = text(64, pattern="^[0-9a-f]{64}$")
Threshold = Annotated[
    Annotated[float, Field(gt=0), pydantic.Tag(SINGLE)]
    | Annotated[str, AfterValidator(from_development), pydantic.Tag(NAME)],
    pydantic.Discriminator(lambda x: NAME if isinstance(x, str) else SINGLE),
]
# Height, width or channels.
Length = Annotated[int, Field(ge=1, le=4096)]
Count = Annotated[int, Field(ge=1, le=LARGEST)]
# The largest that NumPy takes.
Seeds = listed(Annotated[int, Field(ge=0, le=2**32 - 1)])
# Part of file names.
SizeName = Annotated[str, Field(max_length=30, pattern="^[A-Za-z0-9]+$")]


class Options(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
    )

    @pydantic.model_validator(mode="before")
    @classmethod
    def check_keys(cls, content):
        if isinstance(content, dict):
            known = cls.model_fields
            unknown = [key for key in content if key not in known]
            expect(not unknown, f"only the keys {sorted(known)}", found=unknown)
            needed = {key for key, field in known.items() if field.is_required()}
            missing = sorted(needed - content.keys())
            expect(not missing, f"also the keys {missing}", found=sorted(content))
        return content

    def stated(self):
        """The options that the content states, without defaults."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class Source(Options):
    """One of: where the files of the data set may be."""

    directory: Path = None
    """A folder with the files (a path)."""
    url: Annotated[Path, Field(pattern="^https?://[^/ ]+/([^ ]*/)?$")] = None
    """An address below which they lie, ending in /."""
    debian: text(200, pattern="^[a-z0-9][a-z0-9+.-]+$") = None
    """A Debian package, by a name that its policy allows."""

    @pydantic.model_validator(mode="after")
    def check_one(self):
        expect(len(self.model_fields_set) == 1, "one of directory, url and debian")
        return self


class Dataset(Options):
    """The images and where they come from."""

    format: Literal[FORMAT_NAMES]
    """`idx`, `npz`, or `folder` with a sub-folder for each class."""
    name: text(60, pattern="^[A-Za-z0-9_-]+$")
    """Name of the folder in `resources` that has the files; letters, digits, `_` and
    `-`."""
    root: text(60, least=0, pattern="^[A-Za-z0-9_-]*$") = None
    """Name of the folder in `results`, `logs` and `benchmarks` that has the study;
    without this key that of the data set, and if empty there is none."""
    sources: listed(Source, unique=False, least=0) = ()
    """Where the files are looked for, in this order: `directory: <folder with the
    files>` (a path), `url: <address below which they lie, ending in />` or `debian:
    <package>`, a plain package name."""
    files: mapping(text(200, pattern=FILE_NAME), Sha256 | None) = Field(
        default_factory=lambda: MappingProxyType({})
    )
    """The files of `idx` and `npz`, each with its SHA-256 (of IDX after decompression)
    or `null`."""
    folder: Path = None
    """The folder of the format `folder` (a path)."""
    shape: listed(Length, least=2, most=3, unique=False) = None
    """Height, width and channels (1 grey, 3 colours) that a folder's images are brought
    to; without this key as they are."""
    classes: listed(text(60), least=4, most=65_536) = None
    """Names of the classes, in the order of their ids; 4 to 65 536 of them, any text of
    up to 60 characters, shown as it is (figures show only glyphs of DejaVu Sans, so no
    Chinese). Without this key what the files have."""
    images_per_class: Annotated[int, Field(ge=2, le=LARGEST)] | None = None
    """Images of each class in all files together, checked; without this key what the
    files have."""
    digest: Sha256 | None = None
    """SHA-256 of the whole data set; `make pin` writes it."""
    published: Path | None = None
    """A table of published accuracies (a path); without this key none."""

    @pydantic.model_validator(mode="after")
    def check_format(self):
        if self.format == "folder":
            expect(self.folder is not None, "also the key 'folder'")
            expect(
                not self.files, "no files, which the folder has", found=[*self.files]
            )
            return self
        expect(self.folder is None, f"no folder with format {self.format}")
        expect(self.shape is None, f"no shape with format {self.format}")
        expect(len(self.files) > 0, "also the key 'files', with a file or more")
        if self.format == "idx":
            images = {name for name in self.files if IMAGES in name}
            needed = images | {*map(label_file, images)}
            expect(
                images and needed == {*self.files},
                f"files of images, with {IMAGES} in their names, and for each the one "
                f"with {LABELS} instead",
                found=[*self.files],
            )
        return self

    @property
    def results(self):
        """The folder below results that has the study."""
        return self.name if self.root is None else self.root


class Sets(Options):
    """Ids or names of the classes of each set; each class is in one of them."""

    A: Classes
    """Ids or names of the classes to train, validate and test on; at least two."""
    B: Classes | None
    """Those to test on only; at least two, all that are not in A; `null` for these."""
    others: listed(Classes, unique=False, least=0) = ()
    """Further divisions of the classes, each a list of those that are unseen in it,
    such as `[[2, 4, 5, 9], [0, 4, 6, 9]]`; every setting is trained on each."""
    sample: Count = None
    """In place of `others`: so many divisions, drawn at random with as many unseen
    classes as `sets.B`; a larger sample contains a smaller one."""
    sample_seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0
    """Seed of that draw."""
    seeds: Seeds | None = None
    """Seeds of the runs on further divisions; `null` for those of the study."""

    @pydantic.model_validator(mode="after")
    def check_divisions(self):
        expect(not (self.others and self.sample), "one of others and sample")
        return self


class Pairs(Options):
    """How many pairs are made, and for what."""

    images_per_class: Annotated[int, Field(ge=2, le=LARGEST)] | None
    """Images of each class that take part, no more than the smallest class of its set
    has; n of them give 2(n − 1) pairs. `null` for all that each class has."""
    test_fraction: Annotated[float, Field(gt=0, lt=1)]
    """Share of A's pairs for testing, rounded down."""
    train: Count
    """Pairs of A to train on; what is left of A is for validation, at least one
    pair."""


def axis_value(axis):
    """The type of one value of an axis."""
    if axis.choices:
        return Literal[axis.choices]
    return Annotated[axis.kind, Field(**dict(axis.bounds))]


class GridOptions(Options):
    """Lists of hyper-parameters, of which every combination is a grid point."""

    split_by: listed(Annotated[str, registered(SPLITS)]) = ("pairs",)
    """What the train, validation and test pairs of A do not share: `pairs`, the
    report's way (images are shared), or `images`; may list both."""
    sample: Count = None
    """So many of the combinations, drawn at random; a larger sample contains a smaller
    one. Without this key all."""
    sample_seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0
    """Seed of that draw."""


Grid = pydantic.create_model(
    "Grid",
    __base__=GridOptions,
    __doc__=GridOptions.__doc__,
    **{
        name: (
            Annotated[listed(axis_value(axis)), Field(description=axis.meaning)],
            ... if name in NAMED else None,
        )
        for name, axis in AXES.items()
    },
)


Setting = pydantic.create_model(
    "Setting",
    __base__=Options,
    __doc__="One setting; axes that it does not name have the study's value.",
    **{
        name: (
            Annotated[axis_value(axis), Field(description=axis.meaning)],
            ... if name in NAMED else None,
        )
        for name, axis in AXES.items()
    },
)


class Choice(Options):
    """How `snakemake choice` ranks settings without B."""

    folds: single_or_list(
        Annotated[int, Field(ge=2, le=LARGEST)], listed(Classes, unique=False)
    )
    """How many classes of A each fold leaves out, in all combinations, or a list of
    them such as `[[0, 5], [1, 9]]`; for the target `choice` alone."""
    seeds: Seeds
    """Seeds of the runs on folds."""
    metric: Annotated[str, registered(METRICS)]
    """What settings are ranked by on the classes left out, a mean over folds and seeds,
    and over divisions: a metric such as `auc`, `accuracy` or `accuracy_tuned`
    (threshold from validation)."""


class Config(Options):
    """A study of Siamese networks; config/README.md explains each option."""

    dataset: Dataset
    sets: Sets
    pairs: Pairs
    sizes: Annotated[
        mapping(SizeName, Annotated[int, Field(ge=1, le=1024)]), Field(min_length=1)
    ]
    """The networks by name, up to 30 letters and digits: X, the filters of the first
    convolution, at most 1024; the other layers are 2X, 4X, 2X."""
    grid: single_or_list(Grid, listed(Grid, unique=False))
    seeds: Seeds
    """Each seed is one more run of the whole grid with its own pairs, weights, order
    and dropout; below 2³²."""
    precision: axis_value(AXES["precision"])
    """`grid.precision` where the grid lists none."""
    margin: axis_value(AXES["margin"])
    """`grid.margin` where the grid lists none, and that of the baselines' contrastive
    loss."""
    threshold: Threshold | None
    """A pair is called 'same' where its distance is below; above 0; `null` for half the
    margin. With `development` each setting and each baseline has its own, from the
    table of that name."""
    development: Path | None = None
    """`results/summary/divisions.csv` of another study (a path, without braces), whose
    divisions should be others than this study's: `threshold: development` takes the
    thresholds from it, and `summary/development.md` tells how well its ranking foretold
    this study's."""
    claims: Path | None
    """A file of claims to be tested over the seeds (a path, without braces);
    `config/claims.yaml` has the report's."""
    choice: Choice
    best: Setting | None = None
    """The setting of the model that `snakemake best` packages: a mapping such as
    `{size: small, l2: 0.01, batch_size: 1024, epochs: 2}`, which is in the grid; axes
    that it does not name have the study's value. Without this key the first of the
    grid."""

    @property
    def grids(self):
        return self.grid if isinstance(self.grid, tuple) else (self.grid,)


def axis_values(kind):
    return single_or_list(kind, listed(kind))


Side = pydantic.create_model(
    "Side",
    __base__=Options,
    __doc__="One side of an effect: a metric, and some hyper-parameters.",
    metric=(Annotated[str, registered(METRIC_OF_COLUMN)], None),
    **{name: (axis_values(axis.kind), None) for name, axis in AXES.items()},
)


class Effect(Options):
    """The mean over seeds of a metric, or of a difference between two sides."""

    effect: text(60)
    where: Side = Side()
    of: Side
    minus: Side = None
    published: float = None
    holds: Annotated[
        tuple[float | None, float | None],
        BeforeValidator(lambda x: tuple(x) if isinstance(x, list) else x),
    ]


class Claim(Options):
    claim: text(500)
    where: Side = Side()
    effects: listed(Effect, unique=False)


class Claims(Options):
    """A file of claims; config/README.md explains each key."""

    claims: listed(Claim, unique=False)


# What pydantic's errors are called here; {names} are of their context.
EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "finite_number": "a finite number",
    "float_type": "a number",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "at least {ge:g}",
    "int_type": "a whole number",
    "less_than": "less than {lt:g}",
    "less_than_equal": "at most {le:g}",
    "literal_error": "one of {expected}",
    "missing": "one entry more",
    "model_type": "a mapping",
    "string_pattern_mismatch": "text that matches {pattern}",
    "string_too_long": "at most {max_length} characters",
    "string_too_short": "at least {min_length} characters",
    "string_type": "text",
    "string_unicode": "one line of printable text",
    "too_long": "a list of at most {max_length}",
    "too_short": "a list of at least {min_length}",
    "tuple_type": "a list",
    "value_error": "{expected}",
}


def parse(model, content, name=""):
    """Read options strictly: no 2.0 for a whole number, no NaN, no unknown key.

    Parameters
    ----------
    model : type of Options
    content : object
        As YAML gives it.
    name : str
        Of the file, for messages, where it is not the config.

    Raises
    ------
    ConfigError
        The first mistake.
    """
    try:
        return model.model_validate(content)
    except pydantic.ValidationError as failure:
        error = failure.errors(include_url=False)[0]
    context = error.get("ctx", {})
    if error["type"] == "value_error":
        context = context["error"].context
    context = collections.defaultdict(str, context)
    expected = EXPECTED.get(error["type"], error["msg"]).format_map(context)
    path = [name] if name else []
    for part in error["loc"]:
        if part == "[key]":
            path.pop()
            expected = f"a name: {expected}"
        elif part not in (SINGLE, LIST, ID, NAME):
            path.append(str(part))
    key = ".".join(path) or "top level"
    raise ConfigError(key, context.get("found", error["input"]), expected)


def schema():
    """The JSON Schema of configs and overlays, which need not have every key."""
    content = Config.model_json_schema()
    for part in (content, *content["$defs"].values()):
        part.pop("required", None)
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
