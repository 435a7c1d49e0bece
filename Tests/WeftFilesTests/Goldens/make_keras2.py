"""Makes models with the real Keras 2 (the package tf_keras): NAME.h5, and what it computes in NAME.npz.

    python3 make_keras2.py        (needs tensorflow and tf_keras)
"""
import os, sys
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import tf_keras as keras
from tf_keras import layers as L

HERE = os.path.dirname(os.path.abspath(__file__))


def image_layers():
    """Layers for images one after another."""
    return keras.Sequential([
        L.Input((12, 12, 2)), L.Rescaling(2.0, offset=-0.5), L.GaussianNoise(0.1),
        L.Conv2D(4, (1, 3), strides=(2, 1), padding="same", groups=2, activation="relu", use_bias=False,
                 kernel_regularizer=keras.regularizers.L2(1e-3)),
        L.BatchNormalization(momentum=0.9), L.LeakyReLU(0.2), L.ZeroPadding2D(((1, 0), (2, 3))),
        L.DepthwiseConv2D(3, depth_multiplier=2), L.SeparableConv2D(4, (2, 3), activation="elu"),
        L.Conv2DTranspose(3, (2, 4), strides=(3, 1)), L.Cropping2D(((1, 0), (1, 2))), L.SpatialDropout2D(0.1),
        L.AveragePooling2D((2, 1), strides=1, padding="same"), L.MaxPooling2D(2, padding="same"),
        L.UpSampling2D((1, 2)), L.PReLU(shared_axes=[1, 2]), L.LayerNormalization(), L.Permute((3, 1, 2)),
        L.GlobalMaxPooling2D(), L.Dense(8, activation="tanh"), L.Reshape((2, -1)), L.Softmax(axis=1), L.Flatten(),
        L.ELU(0.5), L.GaussianDropout(0.3), L.RepeatVector(3), L.Dense(4), L.Dropout(0.25), L.ReLU(6.0, 0.1, 0.2),
        L.Activation("swish"), L.Flatten(), L.Dense(3, activation="softmax")], name="image_layers")


def branches():
    """Merging layers, a shared layer, a model in a model, two inputs and two outputs."""
    left, right = keras.Input((5,), name="left"), keras.Input((5,), name="right")
    shared = L.Dense(4, activation="sigmoid", name="shared")
    a, b = shared(left), shared(right)
    inner = keras.Sequential([L.Input((4,)), L.Dense(4), L.BatchNormalization()], name="inner")
    c = L.Concatenate()([L.Add()([a, b]), L.Subtract()([a, b]), L.Multiply()([a, b]), L.Average()([a, inner(b)]),
                         L.Maximum()([inner(a), b]), L.Minimum()([a, b])])
    return keras.Model([left, right], [L.Dense(2, name="first")(c), L.Dense(1, name="second")(a)], name="branches")


def save(model, optimizer, loss):
    random = np.random.default_rng(5)
    model.set_weights([random.uniform(0.2, 0.9, w.shape) * random.choice([1, -1], w.shape) if "variance" not in v.name
                       else random.uniform(0.5, 1.5, w.shape) for v, w in zip(model.weights, model.get_weights())])
    model.compile(optimizer, loss)
    x = [random.uniform(-1, 1, (4, *i.shape[1:])).astype("f4") for i in model.inputs]
    y = [random.uniform(0, 1, (4, *o.shape[1:])).astype("f4") for o in model.outputs]
    one = lambda values: values[0] if len(values) == 1 else values
    for _ in range(2):
        model.train_on_batch(one(x), one(y))
    model.save(f"{HERE}/keras2_{model.name}.h5")
    outputs = model.predict(one(x), verbose=0)
    outputs = outputs if isinstance(outputs, list) else [outputs]
    arrays = {f"x/{i}": v for i, v in enumerate(x)} | {f"y/{i}": v for i, v in enumerate(y)}
    arrays |= {f"outputs/{i}": v for i, v in enumerate(outputs)}
    # Layers that are random would make these unlike ours.
    if model.name == "branches":
        arrays["losses"] = np.array([model.train_on_batch(x, y)[0] for _ in range(3)], "f4")
    np.savez(f"{HERE}/keras2_{model.name}.npz", **arrays)


save(image_layers(), keras.optimizers.RMSprop(1e-3, momentum=0.5), "categorical_crossentropy")
save(branches(), keras.optimizers.Adam(0.01), ["mse", keras.losses.Huber()])
