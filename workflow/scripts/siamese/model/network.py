"""Building a network from two images to their distance."""

import importlib
import inspect

import keras
from keras import layers

from siamese.data.stored import reading
from siamese.errors import StudyError
from siamese.model.layers import DISTANCES, LOSSES, Centred
from siamese.model.whitening import MOST_OUTPUTS
from siamese.study.axes import default_of


def import_network(name):
    """The module of a network, whose layers a stored model may need."""
    return importlib.import_module(f"siamese.model.networks.{name}")


def read_model(path, compile=True):
    """The network of a file that Keras wrote; what it names has been imported."""
    with reading(path):
        return keras.saving.load_model(path, compile=compile, safe_mode=True)


def build_encoder(setting, shape):
    """The encoder that both images of a pair pass.

    `setting` is a dict with `filters` and a value for each axis that the network uses,
    `shape` height, width and channels of an image. StudyError if they do not fit.
    """
    build = import_network(setting["network"]).build
    names = inspect.getfullargspec(build).kwonlyargs
    try:
        encoder = build(shape, **{name: setting[name] for name in names})
        if setting.get("whitening") and (n := encoder.output_shape[-1]) > MOST_OUTPUTS:
            expected = f"at most {MOST_OUTPUTS} with grid.whitening"
            advice = "set it to 0, or take smaller images (dataset.shape)"
            raise ValueError(f"found {n} outputs, expected {expected}; {advice}")
    except ValueError as error:
        place = f"Network {setting['network']} on images of shape {shape}"
        raise StudyError(f"{place}: {' '.join(str(error).split())}") from error
    is_centred = setting.get("preparation") == "centred"
    return after(Centred(), encoder) if is_centred else encoder


def after(layer, encoder):
    """An encoder whose images pass a layer first."""
    images = layers.Input(encoder.input_shape[1:], dtype="uint8")
    values = layer(images)
    clone = keras.models.clone_model(
        keras.Model(encoder.inputs, encoder.outputs),
        input_tensors=[images],
        clone_function=lambda each: each,
        call_function=lambda each, *inputs, **options: each(
            *(values if tensor is images else tensor for tensor in inputs), **options
        ),
    )
    return keras.Model(images, clone.outputs[0], name="encoder")


def build_siamese(setting, shape):
    """The compiled network from two uint8 arrays of images to float32 distances (n,).

    See `build_encoder`. A history has a loss, so where nothing is trained, and the loss
    and the optimizer are None, they are the report's.
    """
    loss, optimizer, learning_rate = (
        default_of(name, setting["filters"]) if setting[name] is None else setting[name]
        for name in ("loss", "optimizer", "learning_rate")
    )
    model = join(build_encoder(setting, shape), DISTANCES[setting["distance"]]())
    config = {"class_name": optimizer, "config": {"learning_rate": learning_rate}}
    model.compile(keras.optimizers.get(config), LOSSES[loss](setting["margin"]))
    # Variables cannot be made while the training step is traced.
    model.optimizer.build(model.trainable_variables)
    return model


def join(encoder, distance):
    """The model of two images that both pass an encoder, and their distance."""
    shape = encoder.inputs[0].shape[1:]
    left = layers.Input(shape, dtype="uint8", name="left")
    right = layers.Input(shape, dtype="uint8", name="right")
    return keras.Model([left, right], distance(encoder(left), encoder(right)))
