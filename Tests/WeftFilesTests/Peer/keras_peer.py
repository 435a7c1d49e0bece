"""Opens models that Weft saved with Keras, runs and trains them, and saves them again.

    python3 keras_peer.py DIR

For every DIR/weft/NAME.keras, NAME.h5 and NAME.weights.h5, with the batch in DIR/weft/NAME.npz (x/KEY inputs, y/KEY targets, KEY a number
or the name of an input or output), leaves in DIR/keras:
    NAME.keras, NAME.h5, NAME.weights.h5   the model as Keras saves it, after training
    NAME.npz                               outputs/ENDING/KEY, before training, of all three files
and in DIR/keras/report.json for each NAME: the summary, whether all files have the same weights, the losses of three steps (for optimizer_* of both files), and after saving of three more.
"""
import glob, json, os, sys, traceback

os.environ["KERAS_BACKEND"] = "jax"
# Hundreds of small models are compiled, each for a few steps.
os.environ["XLA_FLAGS"] = "--xla_backend_optimization_level=0"
import h5py
import keras
import numpy as np

STEPS = 3


def structured(structure, value):
    """Values in the form of a model's inputs or outputs: by name, in a list, or one alone."""
    if isinstance(structure, dict):
        return {key: value(key) for key in structure}
    if isinstance(structure, (list, tuple)):
        return [value(str(index)) for index in range(len(structure))]
    return value("0")


def flat(outputs):
    if isinstance(outputs, dict):
        return outputs
    if isinstance(outputs, (list, tuple)):
        return {str(index): output for index, output in enumerate(outputs)}
    return {"0": outputs}


def train(model, x, y):
    losses = []
    for _ in range(STEPS):
        model.reset_metrics()
        losses.append(float(model.train_on_batch(x, y, return_dict=True)["loss"]))
    return losses


def restore_optimizer(model, path):
    """What loading a .h5 file does not: Keras 3.15 builds its optimizer for no variables, so that it cannot train."""
    optimizer = type(model.optimizer).from_config(model.optimizer.get_config())
    optimizer.build(model.trainable_variables)
    with h5py.File(path) as file:
        group = file["optimizer_weights"]
        values = [group[name][()] for name in group.attrs["weight_names"]]
    for variable, value in zip(optimizer.variables, values, strict=True):
        variable.assign(value)
    model.compile(optimizer, "mean_squared_error")


def load(folder, name, ending):
    if ending != "weights.h5":
        return keras.saving.load_model(f"{folder}/weft/{name}.{ending}")
    model = keras.saving.load_model(f"{folder}/weft/{name}.keras", compile=False)
    model.set_weights([np.zeros_like(values) for values in model.get_weights()])
    model.load_weights(f"{folder}/weft/{name}.weights.h5")
    return model


def run(folder, name):
    data = np.load(f"{folder}/weft/{name}.npz")
    outputs, models, summary = {}, {}, []
    for ending in ("keras", "h5", "weights.h5"):
        model = models[ending] = load(folder, name, ending)
        x = structured(getattr(model, "_inputs_struct", None), lambda key: data["x/" + key])
        for key, output in flat(model(x, training=False)).items():
            outputs[f"outputs/{ending}/{key}"] = np.asarray(output)
    np.savez(f"{folder}/keras/{name}.npz", **outputs)
    model = models["keras"]
    same = all(
        np.array_equal(a, b) for other in models.values()
        for a, b in zip(model.get_weights(), other.get_weights(), strict=True))
    # Of the model that is not compiled: the others count the optimizer's arrays, too.
    models["weights.h5"].summary(print_fn=summary.append)
    report = {"summary": "\n".join(summary), "same_weights": same}
    y = structured(getattr(model, "_outputs_struct", None), lambda key: data["y/" + key])
    if model.trainable_variables:
        report["losses"] = train(model, x, y)
        # Both forms bring the optimizer's state along; compiling takes seconds, so that not every model shows it.
        if name.startswith("optimizer_"):
            restore_optimizer(models["h5"], f"{folder}/weft/{name}.h5")
            report["losses_h5"] = train(models["h5"], x, y)
    # Keras 3.15 cannot write a RandomContrast that it has read to .h5, its own neither.
    is_writable = not any(isinstance(layer, keras.layers.RandomContrast) for layer in model.layers)
    for ending in ("keras", "h5") if is_writable else ("keras",):
        model.save(f"{folder}/keras/{name}.{ending}")
    model.save_weights(f"{folder}/keras/{name}.weights.h5")
    if model.trainable_variables:
        report["more_losses"] = train(model, x, y)
    return report


def main(folder):
    reports = {}
    for path in sorted(glob.glob(f"{folder}/weft/*.keras")):
        name = os.path.basename(path)[: -len(".keras")]
        try:
            reports[name] = run(folder, name)
        except Exception:
            reports[name] = {"error": traceback.format_exc()}
    with open(f"{folder}/keras/report.json", "w") as file:
        json.dump(reports, file)


if __name__ == "__main__":
    main(sys.argv[1])
