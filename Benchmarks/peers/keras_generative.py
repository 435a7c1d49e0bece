"""Trains a generative workload with Keras and tells how fast.

    python keras_generative.py tensorflow|jax|torch vae10 [--repeats N] [--json]
    python keras_generative.py tensorflow gan64 [--repeats N] [--json]
"""

import os

from workloads import GENERATIVE, fashion_mnist, noise, parse_arguments, report

parser, arguments = parse_arguments(__doc__, "backend", ["tensorflow", "jax", "torch"], GENERATIVE)
if arguments.workload == "gan64" and arguments.backend != "tensorflow":
    parser.error("gan64 has a training loop of its own, which is written for TensorFlow")

os.environ["KERAS_BACKEND"] = arguments.backend
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
from keras import layers, ops

workload = GENERATIVE[arguments.workload]


def down(filters, **options):
    return layers.Conv2D(filters, 3, strides=2, padding="same", **options)


def up(filters):
    return layers.Conv2DTranspose(filters, 3, strides=2, padding="same", activation="relu")


class Sampling(layers.Layer):
    """A random point of the distribution that the encoder gives, with the divergence as a loss."""

    def __init__(self):
        super().__init__()
        self.seed = keras.random.SeedGenerator(1)

    def call(self, inputs):
        mean, log_variance = inputs
        divergence = -0.5 * ops.sum(1 + log_variance - ops.square(mean) - ops.exp(log_variance), axis=-1)
        self.add_loss(ops.mean(divergence))
        return mean + ops.exp(0.5 * log_variance) * keras.random.normal(ops.shape(mean), seed=self.seed)


def autoencoder():
    """A training pass over so many images."""
    images = fashion_mnist("train")[0][: workload.images]
    inputs = keras.Input((28, 28, 1))
    hidden = down(64, activation="relu")(down(32, activation="relu")(inputs))
    hidden = layers.Dense(16, activation="relu")(layers.Flatten()(hidden))
    latent = Sampling()([layers.Dense(10)(hidden), layers.Dense(10)(hidden)])
    hidden = layers.Reshape((7, 7, 64))(layers.Dense(3136, activation="relu")(latent))
    outputs = layers.Conv2DTranspose(1, 3, padding="same", activation="sigmoid")(up(32)(up(64)(hidden)))
    model = keras.Model(inputs, outputs)
    model.compile(
        keras.optimizers.RMSprop(1e-3),
        loss=lambda truth, prediction: 784 * ops.mean(ops.square(truth - prediction), axis=(1, 2, 3)),
    )
    return lambda count: model.fit(images[:count], images[:count], batch_size=workload.batch_size, verbose=0)


def adversaries():
    """The same for a generator and a discriminator, in a loop that is compiled as a whole."""
    import tensorflow as tf

    images = noise((workload.images, 64, 64, 3))
    discriminator = keras.Sequential([keras.Input((64, 64, 3))])
    for _ in range(5):
        for layer in (down(128), layers.LeakyReLU(negative_slope=0.3), layers.GaussianNoise(0.01)):
            discriminator.add(layer)
    discriminator.add(layers.Flatten())
    discriminator.add(layers.Dense(1))
    generator = keras.Sequential(
        [keras.Input((64,)), layers.Dense(1024, activation="relu"), layers.Reshape((2, 2, 256))]
        + [up(128) for _ in range(5)]
        + [layers.Conv2D(3, 3, padding="same", activation="sigmoid")]
    )
    optimizers = [keras.optimizers.Adam(1e-4) for _ in range(2)]

    def generated():
        return generator(tf.random.normal((workload.batch_size, 64)), training=True)

    def judged(pictures):
        return discriminator(pictures, training=True)

    def update(optimizer, model, tape, loss):
        variables = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))

    @tf.function
    def step(real):
        fake = generated()
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((judged(real) - 1) ** 2) + tf.reduce_mean(judged(fake) ** 2)
        update(optimizers[0], discriminator, tape, loss)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((judged(generated()) - 1) ** 2)
        update(optimizers[1], generator, tape, loss)

    def train(count):
        for start in range(0, count, workload.batch_size):
            step(tf.constant(images[start : start + workload.batch_size]))

    return train


train = autoencoder() if arguments.workload == "vae10" else adversaries()
report(workload, train, arguments, f"Keras {keras.__version__}")
