"""Where the spectrogram is computed, and what share of a training step it takes.

On a GPU the image of the front-end must stand on the GPU, and what crosses to it is the int16 batch
alone. Times are synchronised: each step's result is read before the clock is.

    python benchmarks/device.py --backbone resnet50 --image 224 --batch 64
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from tunebench.app.session import versions
from tunebench.catalog.frontends import FRONTENDS
from tunebench.catalog.spec import Signal
from tunebench.catalog.structure import structure_of
from tunebench.training.net_training import scalars_of
from tunebench.training.pool import Pool

SIGNAL = Signal(16_000, 80_000)


def median_s(work: Callable[[], tf.Tensor], rounds: int) -> float:
    """Median seconds of a call whose result is brought to the host."""
    np.asarray(work())
    seconds = []
    for _ in range(rounds):
        begun = time.perf_counter()
        np.asarray(work())
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds)


def measure(frontend_name: str, options: argparse.Namespace) -> dict[str, object]:
    """One front-end with the backbone: device, seconds of both, and the front-end's share."""
    values = {
        "spectrogram": frontend_name,
        "backbone": options.backbone,
        "image_size": options.image,
        "learning_rate": 1e-4,
    }
    structure = structure_of(values, SIGNAL, classes=10, precision=options.precision)
    pool = Pool()
    classifier, frontend = pool.classifier(structure), pool.frontend(values, SIGNAL, structure)
    classifier.begin(scalars_of(values), seed=1)
    rng = np.random.default_rng(0)
    waveforms = tf.constant(rng.integers(-9000, 9000, (options.batch, SIGNAL.samples)).astype(np.int16))
    labels = tf.constant(rng.integers(0, 10, options.batch).astype(np.int32))
    images = frontend(waveforms)
    frontend_s = median_s(lambda: tf.reduce_sum(frontend(waveforms)), options.rounds)
    step_s = median_s(lambda: classifier._train_step(images, labels)[0], options.rounds)
    return {
        "frontend": frontend_name,
        "device": images.device.rpartition("/")[2],
        "frontend_ms": round(1e3 * frontend_s, 2),
        "backbone_step_ms": round(1e3 * step_s, 2),
        "share": round(frontend_s / (frontend_s + step_s), 4),
        "clips_per_s": round(options.batch / (frontend_s + step_s), 1),
        "int16_bytes_per_step": waveforms.dtype.size * int(tf.size(waveforms)),
    }


def main() -> None:
    """Measure every front-end; one JSON object a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backbone", default="resnet50")
    parser.add_argument("--image", type=int, default=224)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    devices = [device.name for device in tf.config.list_physical_devices()]
    print(json.dumps({"devices": devices, "versions": versions(), **vars(options)}))
    for name in (name for name, row in FRONTENDS.items() if row.source == "waveform"):
        print(json.dumps(measure(name, options)), flush=True)


if __name__ == "__main__":
    main()
