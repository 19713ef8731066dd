import keras
import numpy as np
import pytest

from tunebench.backbones import build
from tunebench.backbones.dropout import VariableDropout
from tunebench.backbones.weights import IMAGENET, imagenet_path, locate
from tunebench.catalog.backbones import BACKBONES
from tunebench.catalog.spec import IMAGE
from tunebench.catalog.structure import Structure
from tunebench.errors import InputError
from tunebench.training.reinitialise import leaves, reinitialise


def structure(backbone: str, **changed) -> Structure:
    row = BACKBONES[backbone]
    params = {spec.name: spec.default for spec in row.parameters} | changed.pop("params", {})
    side = changed.pop("side", max(row.min_side, 32))
    shape = (side, side, row.channels or 1) if IMAGE in row.ranks else (500, 1)
    fields = {"input_shape": shape, "dense_units": (8, 4), "classes": 3}
    return Structure(backbone, tuple(sorted(params.items())), precision="float32", **(fields | changed))


@pytest.mark.parametrize("backbone", BACKBONES)
def test_every_row_builds_and_every_weight_is_drawn_from_the_seed(backbone):
    net = build(structure(backbone))
    assert net.model.output_shape == (None, 3)
    assert net.model.count_params() > 1000
    drawn = []
    for seed in (1, 1, 2):
        reinitialise(net.model, seed)
        drawn.append([variable.numpy() for variable in net.model.trainable_variables])
    for one, same in zip(*drawn[:2], strict=True):
        np.testing.assert_array_equal(one, same)
    kernels = [i for i, v in enumerate(net.model.trainable_variables) if "kernel" in v.name]
    assert kernels
    assert all(not np.array_equal(drawn[0][i], drawn[2][i]) for i in kernels)
    untouched = {v.path for layer in leaves(net.model) for v in layer.weights if v.name == "rate"}
    assert len(untouched) == len(net.dropouts) == (5 if backbone == "dense" else 3)


def test_the_smallest_image_of_each_row_builds():
    for name, row in BACKBONES.items():
        if name != "cnn":  # the applications check it themselves, and are built in the test above
            continue
        assert build(structure(name, side=row.min_side)).model.output_shape == (None, 3)


@pytest.mark.parametrize(("trainable", "expected"), [("top", 0), (2, 2)])
def test_trainable_freezes_all_but_the_last_layers(trainable, expected):
    net = build(structure("mobilenetv2", params={"trainable": trainable}))
    backbone = next(layer for layer in net.model.layers if isinstance(layer, keras.Model))
    weighted = [layer for layer in backbone.layers if layer.weights]
    assert sum(layer.trainable for layer in weighted) == expected
    assert all(layer.trainable for layer in weighted[len(weighted) - expected :])


def test_a_weights_file_is_loaded_and_kept_at_the_start_of_every_trial(tmp_path):
    donor = keras.applications.MobileNetV2(
        include_top=False, weights=None, pooling="avg", input_shape=(32, 32, 3)
    )
    file = tmp_path / "mine.weights.h5"
    donor.save_weights(file)
    net = build(structure("mobilenetv2", params={"weights": str(file)}))
    assert net.pretrained is not None
    for mine, theirs in zip(net.pretrained.variables, donor.variables, strict=True):
        np.testing.assert_array_equal(mine.numpy(), theirs.numpy())


def test_the_imagenet_file_in_keras_own_folder_is_used(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    path = imagenet_path("resnet50")
    path.parent.mkdir()
    path.write_bytes(b"weights")
    assert locate("resnet50", "imagenet") == path


@pytest.mark.parametrize("backbone", IMAGENET)
def test_imagenet_weights_that_cannot_be_had_say_which_file_to_put_where(backbone, tmp_path, monkeypatch):
    def offline(name, url, **kwargs):
        raise OSError("no network")

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(keras.utils, "get_file", offline)
    with pytest.raises(InputError) as caught:
        locate(backbone, "imagenet")
    for part in (str(imagenet_path(backbone)), IMAGENET[backbone][1], "weights: random", "no network"):
        assert part in str(caught.value)


def test_a_missing_weights_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"no weights file at .*nothing\.h5"):
        locate("xception", str(tmp_path / "nothing.h5"))


def test_dropout_takes_its_rate_from_a_variable():
    layer = VariableDropout(0.5)
    ones = np.ones((1000, 4), np.float32)
    np.testing.assert_array_equal(layer(ones, training=False), ones)
    dropped = np.asarray(layer(ones, training=True))
    assert (dropped == 0).mean() == pytest.approx(0.5, abs=0.05)
    assert dropped.mean() == pytest.approx(1.0, abs=0.1)
    layer.rate.assign(0.0)
    np.testing.assert_array_equal(layer(ones, training=True), ones)
