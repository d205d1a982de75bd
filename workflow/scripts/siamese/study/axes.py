"""The hyper-parameters that a grid may list: the registry of axes.

The four main axes stand in the grid of every study and in every folder's name. The
further ones have the report's value where a study lists none; folders name others.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial

from siamese.study.networks import NETWORKS, is_trained, layer_axes, meaning

LARGEST = 2**63 - 1
LARGEST_WIDTH = 65_536
# The bounds of factors, for networks that compute in float32, and of shares.
POSITIVE, SHARE = {"gt": 0, "le": 1e6}, {"ge": 0, "lt": 1}
# A folder's name has this for an axis that the network does not use.
UNUSED = "none"


@dataclass(frozen=True)
class Axis:
    """One hyper-parameter.

    `default` is the report's value, or a function that computes it from the number of
    filters; a main axis has None. `words` names a value in words. Numbers are within
    `bounds`, by pydantic's names; texts are one of `choices`, if there are any.
    """

    kind: type
    label: str
    meaning: str
    default: object = None
    words: Callable[[object], str] = str
    choices: tuple = ()
    bounds: dict = field(default_factory=dict)


def count(label, meaning, most=LARGEST, **options):
    options = {"words": f"{label} {{}}".format} | options
    return Axis(int, label, meaning, bounds={"ge": 1, "le": most}, **options)


text, number = partial(Axis, str), partial(Axis, float)
AXES = {
    "size": text("size", "Names from `sizes`."),
    "l2": number(
        "L2",
        "Penalty on the kernel of the first dense layer, 0 for none; at most 10⁶.",
        words=lambda value: f"L2 {value:g}" if value else "no L2",
        bounds={"ge": 0, "le": 1e6},
    ),
    "batch_size": count("batch size", "Pairs in a training step."),
    "epochs": count(
        "epochs",
        "Passes over the training pairs.",
        words=lambda value: f"{value} {'epoch' if value == 1 else 'epochs'}",
    ),
    "network": text(
        "network",
        "The layers, a file in `workflow/scripts/siamese/model/networks`. "
        + "; ".join(f"`{name}`: {meaning(name)}" for name in NETWORKS)
        + ".",
        "published",
        "network {}".format,
        choices=NETWORKS,
    ),
    "kernel_size": count(
        "kernel size",
        "Height and width of the convolutions' kernels, at most 64.",
        64,
        default=3,
        words="kernels {0}×{0}".format,
    ),
    "dense_width": count(
        "dense width",
        "Outputs of the first dense layer, at most 65 536; X is the size's filters.",
        LARGEST_WIDTH,
        default=lambda filters: 4 * filters,
    ),
    "dropout": number(
        "dropout",
        "Share of the first dense layer's outputs left out in training: 0 to below 1.",
        0.25,
        "dropout {:g}".format,
        bounds=SHARE,
    ),
    "embedding_width": count(
        "embedding width",
        "Outputs of the last dense layer, at most 65 536.",
        LARGEST_WIDTH,
        default=lambda filters: 2 * filters,
    ),
    "head": text(
        "head",
        "What the last dense layer's outputs go through: `softmax`, nothing "
        "(`linear`) or a division by their length (`unit`); with `unit_relu` there is "
        "no last dense layer: the first one's outputs are divided by their length.",
        "softmax",
        lambda value: f"{value.replace('_', ' ')} head",
        choices=("softmax", "linear", "unit", "unit_relu"),
    ),
    "whitening": number(
        "whitening",
        "0 for none; above 0, below 1, a linear map follows on the trained encoder, "
        "so that embeddings of one trained class vary alike in all directions, then a "
        "division by their length. 0.5 weighs the covariance within classes as much "
        "as none at all.",
        0.0,
        lambda value: f"whitened by {value:g}" if value else "not whitened",
        bounds=SHARE,
    ),
    "distance": text(
        "distance",
        "Distance of the two embeddings of a pair: `euclidean`, `manhattan` (sum of "
        "absolute differences) or `cosine` (1 − cosine, from 0 to 2).",
        "euclidean",
        "{} distance".format,
        choices=("euclidean", "manhattan", "cosine"),
    ),
    "loss": text(
        "loss",
        "`contrastive`, or `hinge`, the same without its squares.",
        "contrastive",
        "{} loss".format,
        choices=("contrastive", "hinge"),
    ),
    "margin": number(
        "margin",
        "Distance beyond which different classes add no loss; above 0, at most 10⁶.",
        1.0,
        "margin {:g}".format,
        bounds=POSITIVE,
    ),
    "optimizer": text(
        "optimizer",
        "Keras's optimizer `adam`, `adamw`, `rmsprop` or `sgd`, with Keras's defaults "
        "but for the learning rate.",
        "adam",
        choices=("adam", "adamw", "rmsprop", "sgd"),
    ),
    "learning_rate": number(
        "learning rate",
        "Learning rate of the optimizer; above 0, at most 10⁶.",
        0.001,
        "learning rate {:g}".format,
        bounds=POSITIVE,
    ),
    "preparation": text(
        "preparation",
        "What every image passes first: `none`, or `centred`, which by its moments "
        "brings its centre of mass to the middle and its size to that of all others.",
        "none",
        {"none": "not centred", "centred": "centred"}.get,
        choices=("none", "centred"),
    ),
    "augmentation": text(
        "augmentation",
        "What images are trained on: `none`, as they are; `poses`, each in a random "
        "pose (`random_poses`), which a network gets anew in each step.",
        "none",
        {"none": "trained upright", "poses": "trained on poses"}.get,
        choices=("none", "poses"),
    ),
    "precision": text(
        "precision",
        "Arithmetic of the network: `float32`, `mixed_bfloat16` or `mixed_float16` "
        "(Keras's dtype policies); weights, distance and loss are float32 in each.",
        "float32",
        choices=("float32", "mixed_bfloat16", "mixed_float16"),
    ),
}
# All networks use these; those with weights to train use the next ones, too.
COMMON_AXES = {"network", "whitening", "distance", "margin", "precision"}
COMMON_AXES |= {"preparation", "augmentation"}
TRAINING_AXES = {"batch_size", "epochs", "loss", "optimizer", "learning_rate"}
MAIN_AXES = tuple(name for name, axis in AXES.items() if axis.default is None)
FURTHER_AXES = tuple(name for name in AXES if name not in MAIN_AXES)
# The part of a folder's name with the further axes.
FURTHER_PATTERN = f"(,({'|'.join(FURTHER_AXES)})~[A-Za-z0-9_.+-]+)*"


@cache
def axes_of(network):
    """The axes that a network uses, as a set of names."""
    trained = TRAINING_AXES if is_trained(network) else set()
    return COMMON_AXES | trained | (layer_axes(network) & AXES.keys())


def default_of(name, filters):
    """The report's value for a network of so many filters; None for a main axis."""
    default = AXES[name].default
    return default(filters or 1) if callable(default) else default


def setting_of(filters, **values):
    """A setting to build a network with: some values, else l2 0 and the report's."""
    defaults = {name: default_of(name, filters) for name in FURTHER_AXES}
    return {"filters": filters, "l2": 0.0} | defaults | values


def as_text(value):
    """A value as it stands in a folder's name."""
    if value is None:
        return UNUSED
    # Adding 0 makes 0 of -0.
    return value if isinstance(value, str) else repr(value + 0).removesuffix(".0")


def from_text(name, text):
    """The value of an axis that `as_text` wrote, with its type."""
    return None if text == UNUSED else AXES[name].kind(text)


def further_text(setting, filters):
    """The part of a folder's name with the further axes, such as ',head~unit'."""
    return "".join(
        f",{name}~{as_text(setting[name])}"
        for name in FURTHER_AXES
        if setting[name] not in (None, default_of(name, filters))
    )


def parse_further(text):
    """The values in a text from `further_text`, with their types."""
    pairs = re.findall(",([a-z0-9_]+)~([^,]+)", text)
    return {name: from_text(name, value) for name, value in pairs}


def axes_in(names):
    """The axes that are among some names, such as the columns of a table."""
    return [name for name in AXES if name in names]


def name_setting(setting):
    """A setting, a dict by axis, in words, without axes that are None, NaN or NA."""
    values = {name: setting[name] for name in axes_in(setting)}
    return ", ".join(
        AXES[name].words(value)
        for name, value in values.items()
        if isinstance(value, str) or str(value) not in ("None", "nan", "<NA>")
    )
