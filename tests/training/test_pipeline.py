import numpy as np
import tensorflow as tf
from tests.training.configurations import FRONTENDS, values

from tunebench.catalog.structure import structure_of
from tunebench.training.classifier import Classifier
from tunebench.training.net_training import scalars_of
from tunebench.training.pipeline import Batches
from tunebench.training.pool import Pool
from tunebench.training.trainer import balanced_weights


def test_the_dataset_delivers_int16_and_no_spectrogram(data):
    batches = Batches(data, data.split.train, batch_size=8)
    waveforms, labels = batches.dataset.element_spec
    assert (waveforms.dtype, waveforms.shape) == (tf.int16, (8, data.segments.length))
    assert (labels.dtype, labels.shape) == (tf.int32, (8,))


def test_the_fft_stands_in_the_steps_graph_unpinned(data):
    """Of every front-end: the compiled step takes int16, names no device anywhere, and has its transform."""
    for frontend in FRONTENDS:
        structure = structure_of(values(frontend), data.signal, classes=3, precision="float32")
        step = Pool().frontend(values(frontend), data.signal, structure)
        graph = step.get_concrete_function().graph
        inner = [graph, *(f.graph for f in graph._functions.values() if hasattr(f, "graph"))]
        operations = [op for g in inner for op in g.get_operations()]
        assert graph.inputs[0].dtype == tf.int16
        transform = "Conv2D" if frontend == "waveform" else "RFFT"
        assert any(op.type == transform for op in operations), frontend
        assert {op.device for op in operations} == {""}, frontend


def test_the_backbones_step_holds_no_front_end(data):
    structure = structure_of(values(), data.signal, classes=3, precision="float32")
    classifier = Classifier(structure)
    types = {op.type for op in classifier._train_step.get_concrete_function().graph.get_operations()}
    assert "RFFT" not in types


def test_a_further_trial_of_a_structure_traces_nothing_but_its_front_end(data):
    pool = Pool()
    batches = Batches(data, data.split.train, batch_size=8)
    structure = structure_of(values(), data.signal, classes=3, precision="float32")
    for changed in ({}, {"learning_rate": 1e-2, "dropout": 0.1, "spectrogram.mel.n_fft": 256}):
        asked = values(**changed)
        assert structure_of(asked, data.signal, classes=3, precision="float32") == structure
        classifier = pool.classifier(structure)
        classifier.begin(scalars_of(asked), seed=1)
        classifier.train(pool.frontend(asked, data.signal, structure), batches.in_order())
    assert classifier._train_step.experimental_get_tracing_count() == 1


def test_an_epoch_visits_every_example_in_an_order_of_seed_and_epoch(data):
    batches = Batches(data, data.split.train, batch_size=7)

    def order(seed, epoch):
        return np.concatenate([w.numpy()[:, :40] for w, _ in batches.shuffled(seed, epoch)])

    one, again, other = order(1, 1), order(1, 1), order(1, 2)
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)
    count = len(batches.indices)
    assert len(one) == batches.steps * 7
    for epoch in (one, other):
        assert len(np.unique(epoch[:count], axis=0)) == count


def test_in_order_gives_the_side_as_it_stands(data):
    batches = Batches(data, data.split.validation, batch_size=5)
    pairs = [(w.numpy(), y.numpy()) for w, y in batches.in_order()]
    labels = np.concatenate([y for _, y in pairs])[: len(batches.indices)]
    np.testing.assert_array_equal(labels, batches.labels)
    first = int(batches.indices[0])
    expected = data.corpus.read(
        int(data.segments.track[first]), int(data.segments.start[first]), data.segments.length
    )
    np.testing.assert_array_equal(pairs[0][0][0], expected)


def test_a_prediction_does_not_depend_on_the_rest_of_the_batch(data):
    structure = structure_of(values(), data.signal, classes=3, precision="float32")
    pool = Pool()
    classifier, frontend = pool.classifier(structure), pool.frontend(values(), data.signal, structure)
    classifier.begin(scalars_of(values()), seed=3)
    sides = [Batches(data, data.split.train, batch_size=size) for size in (1, 8)]
    alone, together = (classifier.predict(frontend, s.in_order(), len(s.indices)) for s in sides)
    np.testing.assert_allclose(alone, together, atol=1e-5)


def test_balanced_weights():
    weights = balanced_weights(np.array([0, 0, 0, 1]), 2)
    np.testing.assert_allclose(weights, [4 / 6, 2.0], rtol=1e-6)
