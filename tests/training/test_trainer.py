import keras
import numpy as np
import pytest
import tensorflow as tf
from tests.training.configurations import AUGMENTED, FRONTENDS, request, values

from tunebench.audio.store import Store
from tunebench.errors import StorageError
from tunebench.space.sections import EarlyStopping, ReduceLrOnPlateau, TrainingSection
from tunebench.training import checkpoint
from tunebench.training.classifier import Classifier
from tunebench.training.net_training import scalars_of
from tunebench.training.pipeline import Batches
from tunebench.training.pool import LeastRecentlyUsed, Pool
from tunebench.training.trainer import Trainer
from tunebench.trial import Status

OBJECTIVE = "val_accuracy"


@pytest.fixture
def trainer(data, tmp_path):
    def make(folder="checkpoints", pool=None, objective=OBJECTIVE, **training) -> Trainer:
        section = TrainingSection(**{"batch_size": 8, **training})
        return Trainer(
            data, section, objective=objective, max_epochs=9, checkpoints=tmp_path / folder, pool=pool
        )

    return make


def run(trainer, asked):
    heard = []
    result = trainer.run_trial(asked, heard.append)
    assert result.message == ""
    return result, heard


@pytest.mark.parametrize("more", [{}, AUGMENTED], ids=["plain", "augmented"])
@pytest.mark.parametrize("frontend", FRONTENDS)
def test_three_epochs_and_six_more_equal_nine_bitwise(trainer, tmp_path, frontend, more):
    schedule = {"reduce_lr_on_plateau": ReduceLrOnPlateau(patience=1)}
    asked = values(frontend, **more)
    _, whole = run(trainer("whole", **schedule), request(asked, epochs=(0, 9)))
    first, head = run(trainer("parts", **schedule), request(asked, epochs=(0, 3)))
    last, tail = run(trainer("parts", **schedule), request(asked, epochs=(3, 9)))
    assert [*head, *tail] == whole
    assert (first.epochs_to, last.epochs_to) == (3, 9)
    one, other = (checkpoint.load(tmp_path / folder / "c0") for folder in ("whole", "parts"))
    assert one is not None
    assert other is not None
    assert one[0].keys() == other[0].keys()
    for name, array in one[0].items():
        np.testing.assert_array_equal(array, other[0][name], err_msg=name)


def test_a_warm_trial_equals_a_cold_one_bitwise(trainer):
    pool = Pool()
    _, cold = run(trainer("cold"), request(values("mel")))
    run(trainer("other", pool=pool), request(values("stft", learning_rate=1e-2, dropout=0.0), seed=5))
    _, warm = run(trainer("warm", pool=pool), request(values("mel")))
    assert warm == cold


def test_augmentations_are_warm_too_and_their_strengths_are_each_trial_s(trainer, data):
    pool = Pool()
    weaker = {path: strength / 2 for path, strength in AUGMENTED.items()}
    _, cold = run(trainer("cold"), request(values(**AUGMENTED)))
    run(trainer("other", pool=pool), request(values(**weaker)))
    kept = pool.augmentation(values(**weaker), data.signal, trainer().structure(values()))
    _, warm = run(trainer("warm", pool=pool), request(values(**AUGMENTED)))
    assert warm == cold
    assert kept is pool.augmentation(values(**AUGMENTED), data.signal, trainer().structure(values()))


@pytest.mark.parametrize("path", AUGMENTED)
def test_an_augmentation_changes_training_and_never_what_is_evaluated(trainer, path):
    """With steps too small to change a weight, validation says the same whatever is done to training."""
    frontend = "waveform" if path == "augmentation.polarity" else "mel"  # which hears no polarity
    still = {"backbone": "dense", "dropout": 0.0, "learning_rate": 1e-12}  # no batch statistics either
    (_, (plain,)), (_, (changed,)) = (
        run(trainer(folder), request(values(frontend, **still, **more), epochs=(0, 1)))
        for folder, more in (("plain", {}), ("augmented", {path: AUGMENTED[path]}))
    )
    assert changed.metrics["loss"] != plain.metrics["loss"]
    for name, figure in plain.metrics.items():
        if name.startswith("val_"):
            assert changed.metrics[name] == pytest.approx(figure, abs=1e-6), name


def test_l2_pulls_kernels_to_nothing(trainer, tmp_path):
    weak = {"backbone": "dense", "dropout": 0.0}
    for folder, l2 in (("free", 0.0), ("pulled", 0.1)):
        run(trainer(folder), request(values(**weak, l2=l2), epochs=(0, 3)))
    norms = []
    for folder in ("free", "pulled"):
        state, _ = checkpoint.load(tmp_path / folder / "c0")
        kernels = [array for name, array in state.items() if name.startswith("model/") and array.ndim == 2]
        norms.append(sum(float(np.sum(kernel**2)) for kernel in kernels))
    assert norms[1] < 0.9 * norms[0]


def test_another_seed_is_another_run(trainer):
    (_, one), (_, other) = (run(trainer(str(seed)), request(values(), seed=seed)) for seed in (1, 2))
    assert one != other


def test_an_interrupted_attempt_goes_on_after_its_last_epoch_and_tells_all_of_its_rung(trainer):
    _, whole = run(trainer("whole"), request(values(), epochs=(0, 4)))

    class Stop(BaseException):
        pass

    def stop(record):
        if record.epoch == 2:
            raise Stop

    with pytest.raises(Stop):
        trainer("stopped").run_trial(request(values(), epochs=(0, 4)), stop)
    _, heard = run(trainer("stopped"), request(values(), epochs=(0, 4), attempt=2))
    assert heard == whole


def test_it_learns_and_scores_its_best_epoch(trainer):
    result, heard = run(trainer(), request(values(dropout=0.0), epochs=(0, 25)))
    scores = [record.metrics[OBJECTIVE] for record in heard]
    assert result.score == max(scores) >= 0.8
    assert result.best_epoch == scores.index(max(scores)) + 1
    assert result.metrics == heard[result.best_epoch - 1].metrics
    assert result.status is Status.COMPLETED
    assert set(result.seconds) == {"build", "train", "evaluate", "checkpoint"}


def test_the_cost_is_measured_in_the_first_trial_alone(trainer):
    made = trainer()
    first, _ = run(made, request(values(), epochs=(0, 1)))
    assert first.cost.parameters > 0
    assert first.cost.latency_ms > 0
    assert run(made, request(values(), epochs=(1, 2)))[0].cost is None
    assert run(trainer("repeats"), request(values(), epochs=(0, 1), kind="repeat"))[0].cost is None
    assert made.latency_ms(values()) > 0


def test_early_stopping_stands_when_promoted(trainer):
    stopping = {"early_stopping": EarlyStopping(patience=1, min_delta=10.0)}
    first, heard = run(trainer(**stopping), request(values(), epochs=(0, 5)))
    assert (first.status, first.epochs_to, len(heard)) == (Status.STOPPED, 2, 2)
    promoted, more = run(trainer(**stopping), request(values(), epochs=(5, 9)))
    assert (promoted.status, promoted.epochs_to, promoted.score, more) == (Status.STOPPED, 2, first.score, [])


def test_a_loss_that_is_no_number_fails_the_trial_alone(trainer):
    result = trainer().run_trial(request(values(learning_rate=1e38)), lambda record: None)
    assert result.status is Status.FAILED
    assert result.score is None
    assert "the loss is nan in epoch" in result.message


def test_an_objective_to_be_small(trainer):
    result, heard = run(trainer(objective="val_loss"), request(values(), epochs=(0, 4)))
    assert result.score == min(record.metrics["val_loss"] for record in heard)


def test_a_checkpoint_that_cannot_be_written_stops_the_search(trainer, tmp_path):
    (tmp_path / "checkpoints").write_text("a file where a folder should be")
    with pytest.raises(StorageError, match="cannot write a checkpoint"):
        trainer().run_trial(request(values()), lambda record: None)


def test_a_repeat_keeps_its_best_epoch(trainer, data):
    asked = request(values(), epochs=(0, 4), kind="repeat")
    made = trainer()
    result, _ = run(made, asked)
    model = made.best_model(asked)
    side = made.side(asked.values, data.split.validation)
    probabilities = model.predict(side)
    accuracy = (probabilities.argmax(axis=1) == side.labels).mean()
    assert accuracy == pytest.approx(result.score)


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_trains(trainer, precision):
    result, _ = run(trainer(precision=precision), request(values(), epochs=(0, 2)))
    assert result.structure != run(trainer("full"), request(values(), epochs=(0, 1)))[0].structure


def test_class_weights_smoothing_and_decay_change_the_run(trainer):
    plain = run(trainer("a"), request(values()))[1]
    for folder, changed, training in (
        ("b", {"label_smoothing": 0.2}, {}),
        ("c", {"optimizer": "adamw", "weight_decay": 0.5}, {}),
    ):
        assert run(trainer(folder, **training), request(values(**changed)))[1] != plain


def test_decoded_audio_that_is_removed_stops_the_search(trainer, monkeypatch):
    made = trainer()

    def gone(store, key):
        raise StorageError("decoded audio has been removed")

    monkeypatch.setattr(Store, "read", gone)
    with pytest.raises(StorageError, match="decoded audio has been removed"):
        made.run_trial(request(values()), lambda record: None)


@pytest.mark.parametrize("left", [b"", b"PK\x03\x04 torn", None])
def test_a_state_that_is_gone_or_torn_costs_its_epochs_and_nothing_else(trainer, tmp_path, left):
    asked = values()
    _, whole = run(trainer("whole"), request(asked, epochs=(0, 3)))
    run(trainer("torn"), request(asked, epochs=(0, 2)))
    state = tmp_path / "torn" / "c0" / "state.npz"
    state.write_bytes(left) if left is not None else state.unlink()
    _, heard = run(trainer("torn"), request(asked, epochs=(2, 3)))
    assert heard == whole


def test_a_finalist_whose_checkpoint_was_removed_is_trained_again(trainer, tmp_path):
    asked, made = request(values(), epochs=(0, 3), kind="repeat"), trainer()
    run(made, asked)
    before = made.best_model(asked).classifier.weights()
    checkpoint.remove(tmp_path / "checkpoints" / "c0")
    after = made.best_model(asked).classifier.weights()
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_a_full_device_is_emptied_and_the_trial_goes_on(trainer, monkeypatch):
    _, whole = run(trainer("whole"), request(values()))
    train, calls = Classifier.train, []

    def crowded(classifier, *arguments):
        calls.append(classifier)
        if len(calls) == 2:
            raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
        return train(classifier, *arguments)

    monkeypatch.setattr(Classifier, "train", crowded)
    _, heard = run(trainer("crowded"), request(values()))
    assert {record.epoch: record for record in heard} == {record.epoch: record for record in whole}
    assert calls[2] is not calls[0]


def only_fits(monkeypatch, size):
    """A device that has room for so many examples at once; the sizes that were tried."""
    train, tried = Classifier.train, []

    def crowded(classifier, *arguments):
        tried.append(classifier.micro_batch)
        if classifier.micro_batch is None or classifier.micro_batch > size:
            raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
        return train(classifier, *arguments)

    monkeypatch.setattr(Classifier, "train", crowded)
    return tried


def test_a_batch_that_does_not_fit_is_trained_in_parts(trainer, monkeypatch):
    tried = only_fits(monkeypatch, 3)
    result, heard = run(trainer(), request(values(), epochs=(0, 2)))
    assert tried == [None, None, 4, 2, 2]
    assert (result.status, result.micro_batch) == (Status.COMPLETED, 2)
    promoted, more = run(trainer(), request(values(), epochs=(2, 3)))
    assert tried[5:] == [2]  # it does not run out again to find that out
    assert promoted.micro_batch == 2
    _, whole = run(trainer("whole"), request(values(), epochs=(0, 3)))
    assert [*heard, *more] == whole
    tried_later = only_fits(monkeypatch, 1)  # with less room than before
    smaller, _ = run(trainer(), request(values(), epochs=(3, 4)))
    assert tried_later == [2, 2, 1]
    assert smaller.micro_batch == 1


def test_a_single_example_that_does_not_fit_fails_the_trial(trainer, monkeypatch):
    tried = only_fits(monkeypatch, 0)
    result = trainer().run_trial(request(values()), lambda record: None)
    assert tried == [None, None, 4, 2, 1]
    assert result.status is Status.FAILED
    assert "OOM when allocating tensor" in result.message


@pytest.mark.parametrize("more", [{}, {"augmentation.gain_db": 6.0, "augmentation.time_shift": 0.1}])
def test_gradients_over_parts_are_those_of_the_batch(trainer, data, more):
    """But for batch statistics, which are frozen here, dropout, and what augments inputs."""
    asked = values(dropout=0.0, **more)
    structure = trainer().structure(asked)
    states = []
    for micro_batch in (None, 3):
        pool = Pool()
        classifier, frontend = pool.classifier(structure), pool.frontend(asked, data.signal, structure)
        for layer in classifier.model.layers:
            layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)
        classifier._optimizer.build(classifier.model.trainable_variables)
        classifier.begin(scalars_of(asked), 1)
        classifier.micro_batch = micro_batch
        side = Batches(data, data.split.train, batch_size=8)
        augmentation = pool.augmentation(asked, data.signal, structure)
        figures = classifier.train(frontend, side.in_order(), augmentation)
        probabilities = classifier.predict(frontend, side.in_order(), len(side.indices))
        states.append([*classifier.weights().values(), np.array(figures), probabilities])
    for whole, parts in zip(*states, strict=True):
        np.testing.assert_allclose(parts, whole, rtol=1e-3, atol=1e-5)


def test_the_pool_lets_go_of_what_was_unused_for_longest():
    kept = LeastRecentlyUsed(10, size=int)
    for key, size in (("a", 4), ("b", 4), ("a", 4), ("c", 5)):
        kept.get(key, lambda size=size: size)
    assert [key in kept for key in "abc"] == [True, False, True]
    kept.get("large", lambda: 11)
    assert [key in kept for key in ("a", "c", "large")] == [False, False, True]
