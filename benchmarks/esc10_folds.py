"""A search's winner on each official fold of ESC-10, beside a random forest on summary features.

For each fold k: the winner's configuration is trained on three folds from nothing, the fold before k
chooses its epoch, and fold k is tested. The forest (500 trees on mean and standard deviation of 12
MFCCs and of the zero-crossing rate, Piczak 2015) is trained on all four other folds.

    python benchmarks/esc10_folds.py --search experiments/esc10 --data PATH/TO/esc10
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import librosa
import numpy as np
from sklearn.ensemble import RandomForestClassifier

from tunebench import paths
from tunebench.audio.corpus import Corpus
from tunebench.audio.prepare import prepare
from tunebench.audio.segments import segment
from tunebench.audio.splits import split
from tunebench.audio.store import Store
from tunebench.metrics.classification import first_labels, vote
from tunebench.metrics.intervals import paired_difference
from tunebench.seeding import child_seed
from tunebench.space import Experiment, load
from tunebench.training.data import TrainingData
from tunebench.training.pipeline import Batches
from tunebench.training.pool import Pool
from tunebench.training.runtime import set_up
from tunebench.training.trainer import Trainer
from tunebench.trial import TrialRequest

FOLDS = (1, 2, 3, 4, 5)


def net_predictions(
    experiment: Experiment, values: dict, fold: int, pool: Pool, folder: Path
) -> dict[int, bool]:
    """Whether each track of a fold is classified rightly by the configuration trained on the others."""
    before = FOLDS[fold - 2]
    section = experiment.data.split.model_copy(update={"validation": (before,), "test": (fold,)})
    corpus = prepare(experiment.data, store=Store(paths.store()))
    segments = segment(corpus, experiment.data.segment)
    data = TrainingData(corpus, segments, split(corpus, segments, section))
    assert data.split.leakage == "none"
    search = experiment.search
    trainer = Trainer(data, experiment.training, objective=search.objective, checkpoints=folder, pool=pool)
    request = TrialRequest(
        trial=f"fold{fold}",
        configuration=f"fold{fold}",
        values=values,
        epochs_from=0,
        epochs_to=search.max_epochs,
        seed=child_seed(search.seed, "fold", fold),
        checkpoint=f"fold{fold}",
        kind="repeat",
    )
    result = trainer.run_trial(request, lambda record: None)
    assert not result.message, result.message
    classifier, frontend = trainer.best_classifier(request)
    side = Batches(corpus, segments, data.split.test, batch_size=experiment.training.batch_size)
    voted, tracks = vote(classifier.predict(frontend, side.in_order(), len(side.indices)), side.tracks)
    right = voted.argmax(axis=1) == first_labels(side.tracks, side.labels)
    return dict(zip(map(int, tracks), map(bool, right), strict=True))


def summary_features(corpus: Corpus) -> np.ndarray:
    """`(tracks, 26)`: mean and standard deviation of 12 MFCCs (without the 0th) and zero-crossing rate."""
    rows = []
    for number, track in enumerate(corpus.tracks):
        waveform = corpus.read(number, 0, track.samples).astype(np.float32) / 32768
        mfcc = librosa.feature.mfcc(y=waveform, sr=corpus.sample_rate_hz, n_mfcc=13)[1:]
        frames = np.vstack([mfcc, librosa.feature.zero_crossing_rate(waveform)])
        rows.append(np.concatenate([frames.mean(axis=1), frames.std(axis=1)]))
    return np.stack(rows)


def forest_predictions(corpus: Corpus, features: np.ndarray, fold: int) -> dict[int, bool]:
    """Whether each track of a fold is classified rightly by the forest trained on the four others."""
    folds = np.array([stored.track.fold for stored in corpus.tracks])
    train, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
    forest = RandomForestClassifier(500, random_state=fold).fit(features[train], corpus.labels[train])
    right = forest.predict(features[test]) == corpus.labels[test]
    return dict(zip(map(int, test), map(bool, right), strict=True))


def main() -> None:
    """Run all folds and write `folds.json` beside the search's summary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--search", type=Path, required=True, help="folder of a finished search")
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args()
    set_up()
    experiment = load(options.search / "space.yaml", data_root=options.data)
    values = json.loads((options.search / "summary.json").read_text())["winner"]["values"]
    corpus = prepare(experiment.data, store=Store(paths.store()))
    features, pool = summary_features(corpus), Pool()
    net: dict[int, bool] = {}
    forest: dict[int, bool] = {}
    by_fold = []
    with tempfile.TemporaryDirectory() as folder:
        for fold in FOLDS:
            one = net_predictions(experiment, values, fold, pool, Path(folder))
            other = forest_predictions(corpus, features, fold)
            assert one.keys() == other.keys()
            net |= one
            forest |= other
            by_fold.append({
                "fold": fold,
                "winner": float(np.mean(list(one.values()))),
                "forest": float(np.mean(list(other.values()))),
            })  # fmt: skip
            print(by_fold[-1], flush=True)
    tracks = sorted(net)
    groups = np.unique([corpus.tracks[i].track.group for i in tracks], return_inverse=True)[1]
    difference = paired_difference(
        np.array([net[i] for i in tracks]), np.array([forest[i] for i in tracks]), groups, seed=1
    )
    found = {
        "folds": by_fold,
        "winner_mean": float(np.mean([row["winner"] for row in by_fold])),
        "forest_mean": float(np.mean([row["forest"] for row in by_fold])),
        "difference": {"value": difference.value, "low": difference.low, "high": difference.high},
        "values": values,
    }
    (options.search / "folds.json").write_text(json.dumps(found, indent=2) + "\n")
    print(json.dumps({k: v for k, v in found.items() if k != "values"}, indent=2))


if __name__ == "__main__":
    main()
