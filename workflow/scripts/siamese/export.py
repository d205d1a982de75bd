"""A trained encoder in Keras's own layers alone, which opens without this project."""

import collections
import functools
import json
import zipfile

from siamese.errors import StudyError
from siamese.layers import Bias, UnitLength, keras, layers

# What kinds of layers are called; others by their class in small letters.
KINDS = {"Conv2D": "conv", "MaxPooling2D": "pool"}
# In place of the time of saving: the earliest that a zip archive can state.
DATE = "1980-01-01@00:00:00"


@functools.singledispatch
def convert(layer, name):
    """The layer of Keras that does in embedding what a trained layer does.

    A layer that this project defines needs a conversion of its own, registered here.

    Parameters
    ----------
    layer : keras.Layer
    name : str
        Of the new layer.

    Returns
    -------
    keras.Layer or None
        None for a layer that does nothing but in training.

    Raises
    ------
    StudyError
        The layer is not Keras's, and has no conversion.
    """
    if type(layer).__module__.partition(".")[0] != "keras":
        raise StudyError(
            f"{layer.name}: found a {type(layer).__name__}, expected a layer of Keras, "
            "or one with a conversion to it (register it in siamese/export.py)"
        )
    return copy(layer, layer.get_weights(), name=name)


@convert.register
def _(layer: layers.Dropout, name):
    return None


@convert.register
def _(layer: Bias, name):
    (bias,) = layer.get_weights()
    dtype = layer.dtype_policy.name
    return layers.Rescaling(1.0, offset=bias.tolist(), name=name, dtype=dtype)


@convert.register
def _(layer: UnitLength, name):
    return layers.UnitNormalization(name=name, dtype=layer.dtype_policy.name)


def copy(layer, weights, **changes):
    """A layer with these weights and changes of its config, for embedding alone."""
    config = layer.get_config()
    for key in config:
        if key.endswith("_regularizer"):
            config[key] = None
        elif key.endswith("_initializer"):
            # Keras before 3.15 does not know all parameters of its others.
            config[key] = "zeros"
    new = type(layer).from_config(config | changes)
    new.build_from_config(layer.get_build_config())
    new.set_weights(weights)
    return new


def plain_encoder(encoder):
    """A trained encoder for embedding alone, in Keras's own layers.

    In float32 the convolution before max-pooling takes the bias after it, which
    changes no bit, since rounding is monotone. In half precision it would, since a
    convolution adds its bias before it rounds: there the bias stays where it is.

    Parameters
    ----------
    encoder : keras.Model
        Such as `build_encoder` makes.

    Returns
    -------
    keras.Model
        From uint8 images of shape (n, height, width, channels) to float32 embeddings,
        not compiled.
        The layers keep their dtype policies, so that its `predict` gives what `embed`
        gives of the encoder.

    Raises
    ------
    StudyError
        A layer has no conversion.
    """
    numbers = collections.Counter()
    # By the id of each tensor: the tensor, the layer that made it, and from what.
    made = {}

    def apply(layer, *inputs, **options):
        outputs = layer(*inputs, **options)
        made[id(outputs)] = outputs, layer, inputs[0]
        return outputs

    def add_in_convolution(bias, inputs):
        """The sum, where `inputs` are a convolution's or their maxima; else None."""
        _, layer, before = made.get(id(inputs), (None, None, None))
        if isinstance(layer, layers.MaxPooling2D):
            before = add_in_convolution(bias, before)
            return None if before is None else apply(copy(layer, []), before)
        linear = getattr(layer, "activation", None) is keras.activations.linear
        if not isinstance(layer, layers.Conv2D) or layer.use_bias or not linear:
            return None
        weights = [*layer.get_weights(), bias]
        return apply(copy(layer, weights, use_bias=True), before)

    def call(layer, *inputs, **options):
        if isinstance(layer, Bias) and layer.compute_dtype == "float32":
            outputs = add_in_convolution(*layer.get_weights(), *inputs)
            if outputs is not None:
                return outputs
        if not isinstance(layer, layers.Layer):
            # A function of Keras, such as keras.ops.sqrt, has no weights.
            return apply(layer, *inputs, **options)
        kind = type(layer).__name__
        numbers[kind] += 1
        new = convert(layer, f"{KINDS.get(kind, kind.lower())}_{numbers[kind]}")
        return inputs[0] if new is None else apply(new, *inputs, **options)

    (images,) = encoder.inputs
    images = layers.Input(batch_shape=images.shape, dtype=images.dtype, name="images")
    clone = keras.models.clone_model(
        keras.Model(encoder.inputs, encoder.outputs),
        input_tensors=[images],
        clone_function=lambda layer: layer,
        call_function=call,
    )
    embeddings = layers.Identity(name="embeddings", dtype="float32")(clone.outputs[0])
    return keras.Model(images, embeddings, name="encoder")


def save_model(model, path):
    """Write a model as Keras does, but for the time: the same bytes each time."""
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    metadata = json.loads(parts["metadata.json"]) | {"date_saved": DATE}
    parts["metadata.json"] = json.dumps(metadata)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content)
