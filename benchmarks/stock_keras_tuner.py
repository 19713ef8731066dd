"""Stock Keras Tuner against tunebench: the same corpus, split, space and budget, run in turn.

Stock is what Keras Tuner's documentation shows: a model built per trial from `hp`, the stock
`MelSpectrogram` layer in it, `Hyperband(max_epochs=9, factor=3)`, `tuner.search(...)`. It imports
TensorBoard, on which it no longer depends: `pip install tensorboard` before running this.

    python benchmarks/stock_keras_tuner.py --data PATH/TO/esc10 --record
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
from pathlib import Path

HERE = Path(__file__).parent
SPACE = HERE / "stock_space.yaml"


def stock(data: Path, folder: Path) -> dict:
    """Run stock Keras Tuner in this process."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import keras
    import keras_tuner
    import numpy as np
    from keras import layers

    from tunebench.audio.gather import gather
    from tunebench.audio.prepare import prepare
    from tunebench.audio.segments import segment
    from tunebench.audio.splits import split
    from tunebench.audio.store import Store
    from tunebench.space import load

    experiment = load(SPACE, data_root=data)
    corpus = prepare(experiment.data, store=Store(folder / "store"))
    segments = segment(corpus, experiment.data.segment)
    sides = split(corpus, segments, experiment.data.split)

    def arrays(indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        waveforms = gather(corpus, segments, indices).astype(np.float32) / 32768
        return waveforms, np.asarray(segments.label)[indices]

    train, validation = arrays(sides.train), arrays(sides.validation)

    def build(hp: keras_tuner.HyperParameters) -> keras.Model:
        n_fft = hp.Choice("n_fft", [512, 1024, 2048])
        inputs = keras.Input((segments.length,))
        x = layers.MelSpectrogram(
            fft_length=n_fft,
            sequence_stride=hp.Choice("hop_length", [256, 512]),
            num_mel_bins=hp.Int("n_mels", 48, 64, step=16),
            sampling_rate=16000,
        )(inputs)
        x = layers.Reshape((*x.shape[1:], 1))(x)
        x = layers.Resizing(64, 64)(x)
        for filters in (16, 32, 64, 128):
            x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
            x = layers.BatchNormalization()(x)
            x = layers.MaxPooling2D()(x)
        x = layers.GlobalAveragePooling2D()(x)
        x = layers.Dropout(hp.Float("dropout", 0.0, 0.5))(x)
        outputs = layers.Dense(len(corpus.classes), activation="softmax")(x)
        model = keras.Model(inputs, outputs)
        learning_rate = hp.Float("learning_rate", 3e-4, 1e-2, sampling="log")
        model.compile(
            keras.optimizers.Adam(learning_rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
        )
        return model

    tuner = keras_tuner.Hyperband(
        build,
        objective="val_accuracy",
        max_epochs=9,
        factor=3,
        seed=7,
        directory=folder,
        project_name="stock",
    )
    batch_size = experiment.training.batch_size
    begun = time.perf_counter()
    tuner.search(*train, validation_data=validation, batch_size=batch_size, verbose=0)
    wall_s = time.perf_counter() - begun
    trials = tuner.oracle.trials.values()
    scores = [trial.score for trial in trials if trial.score is not None]
    return {"wall_s": wall_s, "trials": len(trials), "best": max(scores)}


def tunebench(data: Path, folder: Path) -> dict:
    """Run the whole `tunebench search`, from decoding to the exported winner, in a process of its own."""
    environment = {**os.environ, "TUNEBENCH_HOME": str(folder)}
    command = [sys.executable, "-m", "tunebench", "search", str(SPACE), "--data", str(data), "--quiet"]
    begun = time.perf_counter()
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    wall_s = time.perf_counter() - begun
    found = folder / "experiments" / "stock-space"
    summary = json.loads((found / "summary.json").read_text())
    rows = (found / "trials.csv").read_text().splitlines()
    column = rows[0].split(",").index("score")
    return {
        "wall_s": wall_s,
        "trials": summary["search"]["trials"],
        "best": max(float(row.split(",")[column]) for row in rows[1:]),
    }


def measure(system: str, data: Path) -> dict:
    """One system in a fresh folder; stock in a fresh process too, its start counted for both."""
    with tempfile.TemporaryDirectory() as folder:
        if system == "tunebench":
            return tunebench(data, Path(folder))
        command = [sys.executable, __file__, "--data", str(data), "--stock-in", folder]
        begun = time.perf_counter()
        answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return json.loads(answer.splitlines()[-1]) | {"wall_s": time.perf_counter() - begun}


def main() -> None:
    """Run both and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3, help="each system runs so often, in turn")
    parser.add_argument("--record", action="store_true", help="write benchmarks/results/stock_keras_tuner.md")
    parser.add_argument("--stock-in", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.stock_in:
        print(json.dumps(stock(options.data.resolve(), options.stock_in)))
        return
    rounds = [
        {system: measure(system, options.data.resolve()) for system in ("tunebench", "stock")}
        for _ in range(options.rounds)
    ]
    found = {
        system: {key: statistics.median(row[system][key] for row in rounds) for key in rounds[0][system]}
        for system in rounds[0]
    }
    lines = ["| system | wall time (s) | trials | best validation accuracy |", "|---|---|---|---|"]
    lines += [
        f"| {system} | {row['wall_s']:.0f} | {row['trials']} | {row['best']:.3f} |"
        for system, row in found.items()
    ]
    lines.append(
        f"\nstock / tunebench in wall time: {found['stock']['wall_s'] / found['tunebench']['wall_s']:.2f}"
    )
    table = "\n".join(lines)
    print(table)
    if options.record:
        from tunebench.app.session import versions

        said = ", ".join(f"{package} {number}" for package, number in versions().items())
        (HERE / "results" / "stock_keras_tuner.md").write_text(
            f"# ESC-10, split by group, mel and a small CNN, max_epochs 9, factor 3\n\n{table}\n\n"
            f"Medians of {options.rounds} runs in turn. {os.cpu_count()} cores, no GPU; {said}. "
            "Both walls count the whole process, start included; tunebench's also the "
            "retrained finalist, the test, the export and its check, and MLflow.\n"
        )


if __name__ == "__main__":
    main()
