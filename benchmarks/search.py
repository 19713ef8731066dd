"""What a search costs beyond its training steps: stock `keras_tuner.Hyperband` and tunebench, in turn.

The same space, the same noise as data (the accuracy means nothing here), rungs of 1, 3 and 9 epochs. Stock
builds a model for each trial, as its documentation shows, with the stock mel layer in it. It imports
TensorBoard, on which it no longer depends: `pip install tensorboard` before running this.

    python benchmarks/search.py --backbone cnn --steps 4 15 60 --record
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
BATCH, VALIDATION_BATCHES, RATE_HZ, SECONDS, CLASSES = 16, 2, 16_000, 3, 4
SIDES = {"cnn": 64, "mobilenetv2": 96}
MAX_EPOCHS, FACTOR, ALL = 9, 3, 23
SPACE = """
name: overhead
data:
  root: .
  manifest: tracks.csv
  sample_rate: 16000
  segment: {{seconds: {seconds}}}
  split: {{by: column}}
space:
  spectrogram:
    choice:
      mel:
        n_fft: {{choice: [512, 1024, 2048]}}
        hop_length: {{choice: [256, 512]}}
        n_mels: {{choice: [48, 64]}}
  backbone: {backbone}
  image_size: {side}
  dense_units: 0
  dropout: {{float: [0.0, 0.5]}}
  learning_rate: {{log_float: [3e-4, 1e-2]}}
training: {{batch_size: {batch}}}
search: {{max_epochs: {max_epochs}, factor: {factor}, seed: 7}}
winner: {{finalists: 1, repeats: 1}}
"""


def write_corpus(root: Path, steps: int) -> None:
    """Noise for so many training steps an epoch, and two batches to validate on."""
    import soundfile

    rng, rows = np.random.default_rng(0), ["path,label,split"]
    for side, count in (("train", steps * BATCH), ("validation", VALIDATION_BATCHES * BATCH)):
        for number in range(count):
            label = f"class{number % CLASSES}"
            (root / label).mkdir(parents=True, exist_ok=True)
            path = f"{label}/{side}{number}.wav"
            soundfile.write(root / path, rng.normal(0, 0.1, RATE_HZ * SECONDS), RATE_HZ)
            rows.append(f"{path},{label},{side}")
    (root / "tracks.csv").write_text("\n".join(rows) + "\n")


def write_space(root: Path, backbone: str) -> Path:
    """The file that both systems search."""
    described = "{choice: {cnn: {filters: 16, blocks: 4}}}" if backbone == "cnn" else backbone
    text = SPACE.format(
        seconds=SECONDS, backbone=described, side=SIDES[backbone], batch=BATCH, max_epochs=MAX_EPOCHS,
        factor=FACTOR,
    )  # fmt: skip
    (root / "space.yaml").write_text(text)
    return root / "space.yaml"


def stock(root: Path, backbone: str, trials: int) -> dict:
    """Stock Keras Tuner in this process: seconds of the search, and of each epoch by trial."""
    import keras
    import keras_tuner
    from keras import layers

    from tunebench.audio.gather import gather
    from tunebench.audio.prepare import prepare
    from tunebench.audio.segments import segment
    from tunebench.audio.splits import split
    from tunebench.audio.store import Store
    from tunebench.space import load

    experiment = load(root / "space.yaml")
    corpus = prepare(experiment.data, store=Store(root / "store"))
    segments = segment(corpus, experiment.data.segment)
    sides = split(corpus, segments, experiment.data.split)
    side = SIDES[backbone]

    def arrays(indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        waveforms = gather(corpus, segments, indices).astype(np.float32) / 32768
        return waveforms, np.asarray(segments.label)[indices]

    def net(x):
        if backbone == "mobilenetv2":
            x = layers.Concatenate()([x, x, x])
            base = keras.applications.MobileNetV2(
                include_top=False, weights=None, input_shape=(side, side, 3)
            )
            return base(x)
        for filters in (16, 32, 64, 128):
            x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
            x = layers.BatchNormalization()(x)
            x = layers.MaxPooling2D()(x)
        return x

    def build(hp: keras_tuner.HyperParameters) -> keras.Model:
        inputs = keras.Input((segments.length,))
        x = layers.MelSpectrogram(
            fft_length=hp.Choice("n_fft", [512, 1024, 2048]),
            sequence_stride=hp.Choice("hop_length", [256, 512]),
            num_mel_bins=hp.Choice("n_mels", [48, 64]),
            sampling_rate=RATE_HZ,
        )(inputs)
        x = layers.Resizing(side, side)(layers.Reshape((*x.shape[1:], 1))(x))
        x = layers.GlobalAveragePooling2D()(net(x))
        x = layers.Dropout(hp.Float("dropout", 0.0, 0.5))(x)
        model = keras.Model(inputs, layers.Dense(CLASSES, activation="softmax")(x))
        learning_rate = hp.Float("learning_rate", 3e-4, 1e-2, sampling="log")
        model.compile(
            keras.optimizers.Adam(learning_rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
        )
        return model

    epochs: list[list[float]] = []

    class Clock(keras.callbacks.Callback):
        """Seconds of each epoch, validation included, by trial. Keras Tuner copies callbacks deeply."""

        def __deepcopy__(self, memo):
            return Clock()

        def on_train_begin(self, logs=None):
            epochs.append([])

        def on_epoch_begin(self, epoch, logs=None):
            self.begun = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            epochs[-1].append(time.perf_counter() - self.begun)

    tuner = keras_tuner.Hyperband(
        build, objective="val_accuracy", max_epochs=MAX_EPOCHS, factor=FACTOR, seed=7, directory=root,
        project_name="stock",
    )  # fmt: skip
    create_trial = tuner.oracle.create_trial

    def first_trials(tuner_id: str):
        trial = create_trial(tuner_id)
        if len(tuner.oracle.trials) > trials:
            trial.status = "STOPPED"
        return trial

    tuner.oracle.create_trial = first_trials
    train, validation = arrays(sides.train), arrays(sides.validation)
    begun = time.perf_counter()
    tuner.search(*train, validation_data=validation, batch_size=BATCH, verbose=0, callbacks=[Clock()])
    return {"wall_s": time.perf_counter() - begun, "epochs": epochs}


def tunebench(root: Path, trials: int) -> dict:
    """The search alone, from its first trial to its last: what precedes and follows it stock does not do."""
    environment = {**os.environ, "TUNEBENCH_HOME": str(root)}
    command = [sys.executable, "-m", "tunebench", "search", str(root / "space.yaml"), "--quiet"]
    command += ["--max-trials", str(trials)]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    events = [json.loads(line) for line in (root / "experiments/overhead/journal.jsonl").open()]
    repeats = {
        e["request"]["trial"] for e in events if e["event"] == "ask" and e["request"]["kind"] == "repeat"
    }
    begun, epochs, walls, inside, structures = {}, defaultdict(list), {}, {}, {}
    last, frontends = {}, {}
    for event in events:
        match event["event"]:
            case "ask":
                values = event["request"]["values"]
                frontends[event["request"]["trial"]] = [
                    value for name, value in sorted(values.items()) if name.startswith("spectrogram")
                ]
            case "start":
                begun[event["trial"]] = last[event["trial"]] = event["at"]
            case "epoch":
                epochs[event["trial"]].append(event["at"] - last[event["trial"]])
                last[event["trial"]] = event["at"]
            case "result":
                name = event["result"]["trial"]
                walls[name] = event["at"] - begun[name]
                inside[name] = event["result"]["seconds"]
                structures[name] = event["result"]["structure"]
    names = [name for name in walls if name not in repeats]
    first = min(begun[name] for name in names)
    end = max(begun[name] + walls[name] for name in names)
    return {
        "wall_s": end - first,
        "epochs": [epochs[name] for name in names],
        "walls": [walls[name] for name in names],
        "steps_s": [inside[name]["train"] + inside[name]["evaluate"] for name in names],
        "structures": [structures[name] for name in names],
        "frontends": [str(frontends[name]) for name in names],
    }


def steady_epoch_s(epochs: list[list[float]]) -> float:
    """Median of the epochs that are not the first of their trial."""
    return statistics.median(seconds for trial in epochs for seconds in trial[1:])


def steady_by_frontend(ours: dict) -> dict[str, float]:
    """The steady pace with each front-end that trained for more than an epoch: one is slower than another."""
    epochs = defaultdict(list)
    for frontend, trial in zip(ours["frontends"], ours["epochs"], strict=True):
        epochs[frontend] += trial[1:]
    return {frontend: statistics.median(found) for frontend, found in epochs.items() if found}


def measure(backbone: str, steps: int, trials: int) -> dict[str, float]:
    """Both systems in turn, each in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_corpus(root, steps)
        write_space(root, backbone)
        ours = tunebench(root, trials)
        command = [sys.executable, __file__, "--backbone", backbone, "--stock-in", folder]
        command += ["--trials", str(trials)]
        answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        theirs = json.loads(answer.splitlines()[-1])
    count = sum(map(len, theirs["epochs"]))
    assert count == sum(map(len, ours["epochs"])), "the two ran different budgets"
    steady, stock_steady = steady_epoch_s(ours["epochs"]), steady_epoch_s(theirs["epochs"])
    own = steady_by_frontend(ours)
    seen: set[str] = set()
    warm: list[int] = []
    for number, structure in enumerate(ours["structures"]):
        if structure in seen:
            warm.append(number)
        seen.add(structure)
    beyond = [ours["walls"][n] - own.get(ours["frontends"][n], steady) * len(ours["epochs"][n]) for n in warm]
    ideal = theirs["wall_s"] / (stock_steady * count)
    return {
        "steps": steps,
        "epochs": count,
        "trials": len(theirs["epochs"]),
        "stock_s": theirs["wall_s"],
        "tunebench_s": ours["wall_s"],
        "times_faster": theirs["wall_s"] / ours["wall_s"],
        "ideal": ideal,
        "share_of_ideal": theirs["wall_s"] / ours["wall_s"] / ideal,
        "stock_trial_s": (theirs["wall_s"] - stock_steady * count) / len(theirs["epochs"]),
        "trial_s": statistics.mean(beyond),
        "trial_s_worst": max(beyond),
        "steps_share": sum(ours["steps_s"][n] for n in warm) / sum(ours["walls"][n] for n in warm),
    }


def main() -> None:
    """Measure each size and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backbone", choices=SIDES, required=True)
    parser.add_argument("--steps", type=int, nargs="+", default=[4, 15, 60])
    parser.add_argument("--trials", type=int, default=ALL, help=f"of {ALL}; the first 13 are a bracket")
    parser.add_argument("--record", action="store_true", help="write benchmarks/results/search-BACKBONE.md")
    parser.add_argument("--stock-in", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.stock_in:
        print(json.dumps(stock(options.stock_in, options.backbone, options.trials)))
        return
    backbone = options.backbone
    lines = [
        f"# The cost of a search beyond its steps: {backbone}",
        "",
        f"Rungs of 1, 3 and 9 epochs, batches of {BATCH}, images of {SIDES[backbone]}; {os.cpu_count()} "
        "cores. One run of each system, in turn. A trial's overhead is its wall time beyond its epochs at "
        "their steady pace (tunebench's: with the trial's own front-end); tunebench's is that of trials "
        "after the first of their structure. Goals: 4 times "
        "faster at 4 steps; 0.8 of what stock without overhead would reach; 1 s a trial; 0.85 of the wall "
        f"time in steps. Made by `python benchmarks/search.py --backbone {backbone} --record`.",
        "",
        "| steps an epoch | trials, epochs | stock | tunebench | times faster | stock without overhead "
        "| share of that | overhead a trial: stock | tunebench, mean and worst "
        "| share of wall time in steps |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    print("\n".join(lines), flush=True)
    for steps in options.steps:
        row = measure(backbone, steps, options.trials)
        lines.append(
            f"| {steps} | {row['trials']}, {row['epochs']} | {row['stock_s']:.0f} s | "
            f"{row['tunebench_s']:.0f} s | {row['times_faster']:.2f} | "
            f"{row['ideal']:.2f} times faster | {row['share_of_ideal']:.2f} | {row['stock_trial_s']:.2f} s | "
            f"{row['trial_s']:.2f}, {row['trial_s_worst']:.2f} s | {row['steps_share']:.2f} |"
        )
        print(lines[-1], flush=True)
    if options.record:
        (HERE / "results" / f"search-{backbone}.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
