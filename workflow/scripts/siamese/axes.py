"""The hyper-parameters that a grid may list: the registry of axes.

Options, folder names, tables, figures and claims follow from it. The first four axes
stand in the grid of every study, and in every folder's name. The others have the
report's value where a study does not list them, and a folder names those that differ.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

# The arithmetic of the network is in float32.
LARGEST_FACTOR = 1e6
LARGEST = 2**63 - 1
LARGEST_WIDTH = 65_536
# A network is a file there; see siamese/networks/published.py.
NETWORKS = tuple(
    sorted(path.stem for path in (Path(__file__).parent / "networks").glob("[a-z]*.py"))
)


@dataclass(frozen=True)
class Axis:
    """One hyper-parameter.

    `default` is the report's value, or a function of the number of filters that has
    it, or None where each study states one. Numbers are within `bounds`, where the
    first may be the name of pydantic's kind of bound; texts are one of `choices`, or
    any where there are none.
    """

    kind: type
    meaning: str
    label: str
    words: Callable[[object], str]
    default: object = None
    choices: tuple = ()
    bounds: tuple = ()


def whole(least=1, most=LARGEST):
    return (("ge", least), ("le", most))


AXES = {
    "size": Axis(
        str,
        "Names from `sizes`.",
        "size",
        str,
    ),
    "l2": Axis(
        float,
        "Penalty on the kernel of the first dense layer, 0 for none; at most 10⁶.",
        "L2",
        lambda value: f"L2 {value:g}" if value else "no L2",
        bounds=(("ge", 0), ("le", LARGEST_FACTOR)),
    ),
    "batch_size": Axis(
        int,
        "Pairs in a training step.",
        "batch size",
        lambda value: f"batch size {value}",
        bounds=whole(),
    ),
    "epochs": Axis(
        int,
        "Passes over the training pairs.",
        "epochs",
        lambda value: f"{value} {'epoch' if value == 1 else 'epochs'}",
        bounds=whole(),
    ),
    "network": Axis(
        str,
        "The layers, a file in `workflow/scripts/siamese/networks`: `published`, "
        "`batch_normalised` (batch normalisation after each convolution), `gradients` "
        "(fixed features alone, the strength of gradients in eight directions in "
        "cells of 3×3 pixels; nothing is trained), `oriented` (the report's layers "
        "beside these features) or `residual` (a shortcut around two more "
        "convolutions after each pooling), or one of your own.",
        "network",
        lambda value: f"network {value}",
        "published",
        choices=NETWORKS,
    ),
    "kernel_size": Axis(
        int,
        "Height and width of the convolutions' kernels, at most 64.",
        "kernel size",
        lambda value: f"kernels {value}×{value}",
        3,
        bounds=whole(most=64),
    ),
    "dense_width": Axis(
        int,
        "Outputs of the first dense layer, at most 65 536; X is the size's number of "
        "filters.",
        "dense width",
        lambda value: f"dense width {value}",
        lambda filters: 4 * filters,
        bounds=whole(most=LARGEST_WIDTH),
    ),
    "dropout": Axis(
        float,
        "Share of the first dense layer's outputs that training leaves out; from 0, "
        "below 1.",
        "dropout",
        lambda value: f"dropout {value:g}",
        0.25,
        bounds=(("ge", 0), ("lt", 1)),
    ),
    "embedding_width": Axis(
        int,
        "Outputs of the last dense layer, at most 65 536.",
        "embedding width",
        lambda value: f"embedding width {value}",
        lambda filters: 2 * filters,
        bounds=whole(most=LARGEST_WIDTH),
    ),
    "head": Axis(
        str,
        "What the last dense layer's outputs go through: `softmax`, nothing "
        "(`linear`) or a division by their length (`unit`); with `unit_relu` there is "
        "no last dense layer: the first one's outputs are divided by their length.",
        "head",
        lambda value: f"{value.replace('_', ' ')} head",
        "softmax",
        choices=("softmax", "linear", "unit", "unit_relu"),
    ),
    "whitening": Axis(
        float,
        "With more than 0, below 1, a linear map follows on the trained encoder, after "
        "which embeddings of one trained class vary alike in all directions, then a "
        "division by their length; 0.5 weighs the covariance within classes as much as "
        "none at all.",
        "whitening",
        lambda value: f"whitened by {value:g}" if value else "not whitened",
        0.0,
        bounds=(("ge", 0), ("lt", 1)),
    ),
    "distance": Axis(
        str,
        "Distance of the two embeddings of a pair: `euclidean`, `manhattan` (sum of "
        "absolute differences) or `cosine` (1 − cosine, from 0 to 2).",
        "distance",
        lambda value: f"{value} distance",
        "euclidean",
        choices=("euclidean", "manhattan", "cosine"),
    ),
    "loss": Axis(
        str,
        "`contrastive`, or `hinge`, the same without its squares.",
        "loss",
        lambda value: f"{value} loss",
        "contrastive",
        choices=("contrastive", "hinge"),
    ),
    "margin": Axis(
        float,
        "Distance from which on the loss lets different classes be; above 0, at most "
        "10⁶.",
        "margin",
        lambda value: f"margin {value:g}",
        1.0,
        bounds=(("gt", 0), ("le", LARGEST_FACTOR)),
    ),
    "optimizer": Axis(
        str,
        "Keras's optimizer `adam`, `adamw`, `rmsprop` or `sgd`, with Keras's defaults "
        "but for the learning rate.",
        "optimizer",
        str,
        "adam",
        choices=("adam", "adamw", "rmsprop", "sgd"),
    ),
    "learning_rate": Axis(
        float,
        "Learning rate of the optimizer; above 0, at most 10⁶.",
        "learning rate",
        lambda value: f"learning rate {value:g}",
        0.001,
        bounds=(("gt", 0), ("le", LARGEST_FACTOR)),
    ),
    "precision": Axis(
        str,
        "Arithmetic of the network: `float32`, `mixed_bfloat16` or `mixed_float16` "
        "(Keras's dtype policies); weights, distance and loss are float32 in each.",
        "precision",
        str,
        "float32",
        choices=("float32", "mixed_bfloat16", "mixed_float16"),
    ),
}
# In each study, and in each folder's name.
NAMED = tuple(name for name, axis in AXES.items() if axis.default is None)
OTHERS = tuple(name for name in AXES if name not in NAMED)
# What OTHERS are in a folder's name.
OTHERS_PATTERN = f"(,({'|'.join(OTHERS)})~[A-Za-z0-9_.+-]+)*"


def default_of(name, filters):
    """The report's value of an axis for a network of so many filters."""
    default = AXES[name].default
    return default(filters) if callable(default) else default


def setting_of(filters, **values):
    """What networks are built by: the report's values, without a penalty, but for some.

    Returns
    -------
    types.SimpleNamespace
        filters, l2, the axes that a study need not name, and what was given.
    """
    defaults = {name: default_of(name, filters) for name in OTHERS}
    return SimpleNamespace(**{"filters": filters, "l2": 0.0} | defaults | values)


def as_text(value):
    """A value as it stands in a folder's name."""
    # Adding 0 makes 0 of -0.
    return value if isinstance(value, str) else repr(value + 0).removesuffix(".0")


def others_text(setting, filters):
    """What a folder's name has of a setting beside the named axes: ',head~unit'.

    Parameters
    ----------
    setting : dict
        A value of each axis.
    filters : int
        Of the setting's size.
    """
    return "".join(
        f",{name}~{as_text(setting[name])}"
        for name in OTHERS
        if setting[name] != default_of(name, filters)
    )


def parse_others(text):
    """The values in a text from `others_text`, with their types."""
    found = re.findall(",([a-z0-9_]+)~([^,]+)", text)
    return {name: AXES[name].kind(value) for name, value in found}


def axes_in(names):
    """Those of the axes that are among some names, such as the columns of a table."""
    return [name for name in AXES if name in names]


def name_setting(setting):
    """A setting, a dict of values by axis, in words."""
    return ", ".join(AXES[name].words(setting[name]) for name in axes_in(setting))
