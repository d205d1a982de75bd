"""A trained encoder in Keras's own layers alone, which opens without this project."""

import collections
import json
import zipfile

import keras
from keras import layers

from siamese.errors import StudyError
from siamese.model.layers import Bias

# Names in place of a class's in small letters.
KINDS = {"Conv2D": "conv", "MaxPooling2D": "pool"}
# The earliest time that a zip archive can state, instead of the time of saving.
DATE = "1980-01-01@00:00:00"


def convert(layer, name):
    """The layer of Keras that does the same in embedding; None if it does nothing."""
    if isinstance(layer, layers.Dropout):
        return None
    if hasattr(layer, "in_keras"):
        return layer.in_keras(name)
    if type(layer).__module__.partition(".")[0] != "keras":
        raise StudyError(
            f"{layer.name}: found a {type(layer).__name__}, expected a layer of Keras, "
            "or one with a method in_keras (as Bias in siamese/model/layers.py has)"
        )
    return copy(layer, layer.get_weights(), name=name)


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


class Conversion:
    """Calls plain copies of layers in their place.

    In float32 the convolution before max-pooling takes the bias after it. That changes
    no bit, since rounding is monotone. In half precision a convolution adds its bias
    before it rounds: there the bias stays where it is.
    """

    def __init__(self):
        self.numbers = collections.Counter()
        # The tensor, the layer that made it and its inputs, by the id of the tensor.
        self.made = {}

    def call(self, layer, *inputs, **options):
        """The outputs of a layer's plain copy."""
        if isinstance(layer, Bias) and layer.compute_dtype == "float32":
            outputs = self.add_in_convolution(*layer.get_weights(), *inputs)
            if outputs is not None:
                return outputs
        if not isinstance(layer, layers.Layer):
            # A function, such as keras.ops.sqrt.
            return self.apply(layer, *inputs, **options)
        kind = type(layer).__name__
        self.numbers[kind] += 1
        new = convert(layer, f"{KINDS.get(kind, kind.lower())}_{self.numbers[kind]}")
        return inputs[0] if new is None else self.apply(new, *inputs, **options)

    def apply(self, layer, *inputs, **options):
        outputs = layer(*inputs, **options)
        self.made[id(outputs)] = outputs, layer, inputs[0]
        return outputs

    def add_in_convolution(self, bias, inputs):
        """The sum, where `inputs` are a convolution's or their maxima; else None."""
        _, layer, before = self.made.get(id(inputs), (None, None, None))
        if isinstance(layer, layers.MaxPooling2D):
            before = self.add_in_convolution(bias, before)
            return None if before is None else self.apply(copy(layer, []), before)
        linear = getattr(layer, "activation", None) is keras.activations.linear
        if not isinstance(layer, layers.Conv2D) or layer.use_bias or not linear:
            return None
        weights = [*layer.get_weights(), bias]
        return self.apply(copy(layer, weights, use_bias=True), before)


def plain_encoder(encoder):
    """A trained encoder, such as `build_encoder` makes, in Keras's own layers alone.

    It takes uint8 images of shape (n, height, width, channels) to float32 embeddings,
    and is not compiled. The layers keep their dtype policies, so that its `predict`
    gives what `embed` gives. StudyError for a layer that `convert` cannot replace.
    """
    (images,) = encoder.inputs
    images = layers.Input(batch_shape=images.shape, dtype=images.dtype, name="images")
    clone = keras.models.clone_model(
        keras.Model(encoder.inputs, encoder.outputs),
        input_tensors=[images],
        clone_function=lambda layer: layer,
        call_function=Conversion().call,
    )
    embeddings = layers.Identity(name="embeddings", dtype="float32")(clone.outputs[0])
    return keras.Model(images, embeddings, name="encoder")


def save_model(model, path):
    """Write a model as Keras does, but without the time: the same bytes each time."""
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    metadata = json.loads(parts["metadata.json"]) | {"date_saved": DATE}
    parts["metadata.json"] = json.dumps(metadata)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content)
