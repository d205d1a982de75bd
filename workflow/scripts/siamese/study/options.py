"""The options of a study and of a file of claims; users read the texts below fields."""

import functools
import json
import unicodedata
from typing import Annotated, Literal

import pydantic
from pydantic import AfterValidator, BeforeValidator, Field

from siamese.errors import ConfigError, shortened
from siamese.study.axes import AXES, LARGEST, MAIN_AXES, UNUSED
from siamese.study.pair_counts import WAYS

# The value of `threshold` for thresholds from another study.
DEVELOPMENT = "development"
# Parts of the names of IDX files with images, and with their labels.
IMAGES, LABELS = "images-idx3-ubyte", "labels-idx1-ubyte"


def label_file(name):
    """The name of the file with the labels of a file of images."""
    return name.replace(IMAGES, LABELS)


def expect(condition, sentence):
    if not condition:
        raise ValueError(sentence)


def validator(holds, sentence):
    """A validator that refuses a value unless `holds(value)`."""

    def check(value):
        expect(holds(value), sentence)
        return value

    return AfterValidator(check)


def known(kind):
    """A validator: a name that the caller of `parse` knows, such as a metric's."""

    def check(name, info):
        names = list(info.context[kind])
        expect(name in names, f"Input should be one of {names}")
        return name

    return AfterValidator(check)


def listed(item, least=1, most=None, unique=True):
    """The type of a list, stored as a tuple."""
    extra = {"uniqueItems": True} if unique else None
    length = Field(min_length=least, max_length=most, json_schema_extra=extra)
    distinct = validator(
        lambda values: not unique or len({*values}) == len(values),
        "Input should have no value twice",
    )
    return Annotated[list[item], length, distinct, AfterValidator(tuple)]


def single_or_list(item, unique=True):
    """The type of a list that may also be given as its only item."""
    several = listed(item, unique=unique)
    either = BeforeValidator(
        lambda value: value if isinstance(value, list) else [value],
        json_schema_input_type=item | several,
    )
    return Annotated[several, either]


def text(most, least=1, **options):
    bounds = Field(min_length=least, max_length=most, **options)
    printable = "Input should be one line of printable text"
    return Annotated[str, bounds, validator(str.isprintable, printable)]


Path = text(4000)
# An umlaut is one letter or two, as the system writes it; classes compare as one.
composed = functools.partial(unicodedata.normalize, "NFC")
Name = Annotated[text(60), AfterValidator(composed)]
Class = Annotated[int, Field(ge=0, le=LARGEST)] | Name
Classes = listed(Class, least=2)
FileName = text(200, pattern="^[A-Za-z0-9_][A-Za-z0-9._-]*$")
Sha256 = text(64, pattern="^[0-9a-f]{64}$")
Threshold = Annotated[float, Field(gt=0)] | Literal[DEVELOPMENT]
# Height, width or channels.
Length = Annotated[int, Field(ge=1, le=4096)]
CHANNELS = validator(
    lambda shape: shape[2:] in ((), (1,), (3,)),
    "Input should be height, width and, if there is a third number, 1 or 3 channels",
)
Count = Annotated[int, Field(ge=1, le=LARGEST)]
Several = Annotated[int, Field(ge=2, le=LARGEST)]
# NumPy takes no larger ones.
Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]
Seeds = listed(Seed)
# Part of file names.
SizeName = Annotated[
    str,
    Field(max_length=30, pattern="^[A-Za-z0-9]+$"),
    validator(
        UNUSED.__ne__, f"Input should be no {UNUSED!r}, which folders have for none"
    ),
]


class Options(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
    )

    def stated(self):
        """The options that the content states, without defaults."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class Source(Options):
    """One place where the files of the data set may be."""

    directory: Path = None
    """A folder with the files (a path)."""
    url: Annotated[Path, Field(pattern="^https?://[^/ ]+/([^ ]*/)?$")] = None
    """The address of a folder with the files, ending in /."""
    debian: text(200, pattern="^[a-z0-9][a-z0-9+.-]+$") = None
    """A Debian package, by a name that its policy allows."""

    @pydantic.model_validator(mode="after")
    def check_one(self):
        expect(len(self.model_fields_set) == 1, "State one of directory, url, debian")
        return self


class Dataset(Options):
    """The images and where they come from."""

    format: Literal["idx", "npz", "folder"]
    """`idx`, `npz`, or `folder` with a sub-folder for each class."""
    name: text(60, pattern="^[A-Za-z0-9_-]+$")
    """Name of the folder of the files in `resources`: letters, digits, `_` and `-`."""
    root: text(60, least=0, pattern="^[A-Za-z0-9_-]*$") = None
    """Name of the study's folder in `results`, `logs` and `benchmarks`: without this
    key that of the data set; if it is empty, there is no such folder."""
    sources: listed(Source, unique=False, least=0) = ()
    """The places of the files, tried in order: `directory: <folder>` (a path), `url:
    <address of the folder, ending in />` or `debian: <name of a package>`."""
    files: dict[FileName, Sha256 | None] = Field(default_factory=dict)
    """The files of `idx` and `npz`, each with its SHA-256 (of IDX after decompression)
    or `null`."""
    folder: Path = None
    """The folder of the format `folder` (a path)."""
    shape: Annotated[listed(Length, least=2, most=3, unique=False), CHANNELS] = None
    """Height, width and channels (1 grey, 3 colours) that a folder's images are brought
    to; without this key as they are."""
    maximum: Annotated[float, Field(gt=0)] | None = None
    """The pixel value that is white, such as 4095 for 12 bits, above 0; `null` for the
    largest of the files' type, such as 65535 for 16 bits."""
    preparation: Literal["resize", "makers"] = "resize"
    """How a folder's images, and those of `compare-images`, are brought to the shape:
    `resize`, or as the makers of Fashion-MNIST did: the thing bright on black, as large
    as fits, in the middle (`makers`)."""
    classes: listed(Name, least=4, most=65_536) = None
    """Names of 4 to 65 536 classes, in the order of their ids: any text of up to 60
    characters (figures have only the glyphs of DejaVu Sans, so no Chinese). Without
    this key what the files have."""
    images_per_class: Several | None = None
    """Images of each class in all files together, checked; without this key what the
    files have."""
    digest: Sha256 | None = None
    """SHA-256 of the whole data set; `python workflow/study.py pin` writes it."""
    published: Path | None = None
    """A table of published accuracies (a path), CSV with the columns `size`, `l2`,
    `batch_size`, `epochs`, `published_a`, `published_b` and `published_joint` (shares
    such as 0.82, or empty), each setting once; without this key none."""

    @pydantic.model_validator(mode="after")
    def check_format(self):
        prepared = self.format != "folder" or self.preparation == "resize"
        expect(prepared or self.shape, "State a shape for the preparation of makers")
        if self.format == "folder":
            expect(self.folder and not self.files, "State a folder, and no files")
            return self
        expect(self.files, "State files, with one or more")
        expect(not self.folder and not self.shape, "State folder or shape for folders")
        if self.format == "idx":
            images = {name for name in self.files if IMAGES in name}
            expect(
                images | {*map(label_file, images)} == {*self.files},
                f"State files with {IMAGES} in their names, and for each the one "
                f"with {LABELS} instead",
            )
        return self


class Sets(Options):
    """Ids or names of the classes of each set; each class is in one of them."""

    A: Classes
    """Ids or names of the classes to train, validate and test on; at least two."""
    B: Classes | None
    """Those to test on only; at least two, all that are not in A; `null` for these."""


class Divisions(Options):
    """Further divisions of the classes, on which every setting is trained too."""

    unseen: listed(Classes, unique=False, least=0) = ()
    """The unseen classes of each further division, such as `[[2, 4, 5, 9], [0, 4, 6,
    9]]`; all other classes are trained on."""
    sample: Count | None = None
    """In place of `unseen`: so many divisions, drawn at random with as many unseen
    classes as `sets.B`; a larger sample contains a smaller one."""
    folds: Several | listed(Classes, unique=False, least=0) = ()
    """In place of `unseen`: divisions within A, which leave B out, so that a setting
    can be chosen without B. How many classes of A are unseen in each, in all
    combinations, or a list of them such as `[[0, 5], [1, 9]]`."""
    sample_seed: Seed = 0
    """Seed of the draw of `sample`."""
    seeds: Seeds | None = None
    """Seeds of the runs on further divisions; `null` for those of the study."""
    metric: Annotated[str, known("metrics")] = "auc"
    """Settings are ranked by this metric on the unseen classes, a mean over seeds and
    divisions, such as `auc`, `accuracy`, `accuracy_tuned` (threshold from validation)
    or `eer`."""

    @pydantic.model_validator(mode="after")
    def check_one(self):
        given = [self.unseen, self.sample, self.folds]
        expect(sum(map(bool, given)) <= 1, "State one of unseen, sample and folds")
        return self


class Pairs(Options):
    """How many pairs are made, and for what."""

    images_per_class: Several | None
    """Images of each class that take part, no more than the smallest class of its set
    has; n of them give 2(n − 1) pairs. `null` for all that each class has."""
    test_fraction: Annotated[float, Field(gt=0, lt=1)]
    """Share of A's pairs for testing, rounded down."""
    train: Count
    """Pairs of A to train on; one or more must be left for validation."""


Degrees = Annotated[float, Field(gt=0, le=180)]
Shift = Annotated[float, Field(gt=0, le=4096)]
Scale = Annotated[float, Field(ge=0.1, le=10)]


class Poses(Options):
    """Poses that settings and baselines are tested in: the second image of each pair is
    turned, shifted, scaled or mirrored, with empty ground around it."""

    rotations: listed(Degrees, least=0) = ()
    """Degrees, above 0, at most 180; each is two poses, counterclockwise and clockwise
    (`rotation 30`, `rotation -30`)."""
    shifts: listed(Shift, least=0) = ()
    """Pixels, above 0, at most half of an image's shorter side; up, down, left or right
    as drawn for each pair."""
    scales: listed(Scale, least=0) = ()
    """Factors from 0.1 to 10; below 1 an image is smaller."""
    flip: bool = False
    """Whether mirrored images, left to right, are a pose."""
    random: bool = False
    """Whether a pose drawn anew for each pair is one, from the ranges in
    `random_poses`."""
    pairs: Count = 2000
    """Pairs of each test set that are tested in each pose; at most all it has."""


class RandomPoses(Options):
    """The ranges of poses drawn at random, for `augmentation: poses`, for the baseline
    that is fitted on poses, and for the test pose `random`."""

    rotation: Annotated[float, Field(ge=0, le=180)] = 45
    """Degrees in either direction."""
    shift: Annotated[float, Field(ge=0, le=4096)] = 3
    """Pixels in each of the four directions."""
    scale: Annotated[
        listed(Scale, least=2, most=2, unique=False),
        validator(lambda ends: ends[0] <= ends[1], "State the lower factor first"),
    ] = (0.75, 1.25)
    """The lowest and the highest factor."""
    copies: Annotated[int, Field(ge=1, le=100)] = 1
    """In how many poses a whitening map sees each 'same' training pair."""


def axis_value(axis):
    """The type of one value of an axis."""
    if axis.choices:
        return Literal[axis.choices]
    return Annotated[axis.kind, Field(**axis.bounds)]


class GridOptions(Options):
    """Lists of hyper-parameters, of which every combination is a grid point."""

    split_by: listed(Literal[tuple(WAYS)]) = ("pairs",)
    """What the train, validation and test pairs of A do not share: `pairs`, the
    report's way (images are shared), or `images`; may list both."""
    sample: Count = None
    """So many of the combinations, drawn at random; a larger sample contains a smaller
    one. Without this key all."""
    sample_seed: Seed = 0
    """Seed of that draw."""


def axis_fields(kind_of):
    """The field of each axis, whose type `kind_of` makes of that of a value."""
    return {
        name: (
            Annotated[kind_of(axis_value(axis)), Field(description=axis.meaning)],
            ... if name in MAIN_AXES else None,
        )
        for name, axis in AXES.items()
    }


Grid = pydantic.create_model(
    "Grid", __base__=GridOptions, __doc__=GridOptions.__doc__, **axis_fields(listed)
)
Setting = pydantic.create_model(
    "Setting",
    __base__=Options,
    __doc__="One setting; axes that it does not name have the study's value.",
    **axis_fields(lambda value: value),
)


class Config(Options):
    """A study of Siamese networks; config/README.md explains each option."""

    dataset: Dataset
    sets: Sets
    divisions: Divisions = Field(default_factory=Divisions)
    pairs: Pairs
    sizes: dict[SizeName, Annotated[int, Field(ge=1, le=1024)]] = Field(min_length=1)
    """The networks by name, up to 30 letters and digits: X, the filters of the first
    convolution, at most 1024; the other layers are 2X, 4X, 2X."""
    grid: single_or_list(Grid, unique=False)
    seeds: Seeds
    """Each seed is one more run of the whole grid with its own pairs, weights, order
    and dropout; below 2³²."""
    precision: axis_value(AXES["precision"])
    """`grid.precision` where the grid lists none."""
    margin: axis_value(AXES["margin"])
    """`grid.margin` where the grid lists none, and that of the baselines' loss."""
    threshold: Threshold | None
    """A pair is called 'same' where its distance is below; above 0; `null` for half the
    margin. With `development` each setting and each baseline has its own, from the
    table of that name."""
    development: Path | None = None
    """`results/summary/divisions.csv` of another study with other divisions (a path,
    without braces). `threshold: development` takes the thresholds from it, and
    `summary/divisions.md` tells how well its ranking foretold this study's."""
    poses: Poses = Field(default_factory=Poses)
    random_poses: RandomPoses = Field(default_factory=RandomPoses)
    claims: Path | None
    """A file of claims to be tested over the seeds (a path, without braces);
    `config/claims.yaml` has the report's."""
    best: Setting | None = None
    """The setting of the grid whose model `snakemake best` packages, such as `{size:
    small, l2: 0.01, batch_size: 1024, epochs: 2}`; axes that it does not name have the
    study's value. Without this key it is the first of the grid."""


Side = pydantic.create_model(
    "Side",
    __base__=Options,
    __doc__="One side of an effect: a metric, and hyper-parameters or a baseline, "
    "poses, and a pose to subtract.",
    metric=(Annotated[str, known("columns")], None),
    pose=(single_or_list(Annotated[str, known("poses")]), None),
    less_pose=(Annotated[str, known("poses")], None),
    baseline=(text(60), None),
    **{name: (single_or_list(axis.kind), None) for name, axis in AXES.items()},
)


class Effect(Options):
    """The mean over seeds of a metric, or of a difference between two sides."""

    effect: text(60)
    where: Side = Side()
    of: Side
    minus: Side = None
    published: float = None
    holds: listed(float | None, least=2, most=2, unique=False)


class Claim(Options):
    claim: text(500)
    where: Side = Side()
    effects: listed(Effect, unique=False)


class Claims(Options):
    """A file of claims; config/README.md explains each key."""

    claims: listed(Claim, unique=False)


def parse(model, content, metrics=(), columns=(), poses=(), name=""):
    """Options, read strictly: no 2.0 for a whole number, no NaN, no unknown key.

    `content` is as YAML gives it, and may name `metrics`, `columns` and `poses`; `name`
    is that of the file, if it is not the config. ConfigError for one of the mistakes.
    """
    context = {"metrics": metrics, "columns": columns, "poses": poses}
    try:
        return model.model_validate(content, context=context)
    except pydantic.ValidationError as failure:
        # A type with alternatives has a mistake for each: the deepest came closest.
        errors = failure.errors(include_url=False)
        error = max(errors, key=lambda error: len(error["loc"]))
    missing = error["type"] == "missing"
    # The location also names types, which are no keys of the content.
    path, value = [name] if name else [], content
    for part in error["loc"]:
        try:
            value = value[part]
        except (LookupError, TypeError):
            if not missing or part != error["loc"][-1]:
                continue
        path.append(shortened.repr(str(part))[1:-1])
    found = None if missing else error["input"]
    # 'a valid dictionary or instance of Sets' has words of Python.
    sentence = error["msg"].removeprefix("Value error, ").partition(" or instance")[0]
    raise ConfigError(".".join(path) or "top level", found, sentence=sentence)


def schema():
    """The JSON Schema of configs and overlays, which need not have every key."""
    content = Config.model_json_schema()
    for part in (content, *content["$defs"].values()):
        part.pop("required", None)
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
