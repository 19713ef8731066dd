"""The winner as a registered model: logged, loaded by its alias, and asked."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from mlflow.utils.file_utils import local_file_uri_to_path
from tests.tracking.project import Project, better, worse

RATE_HZ, LENGTH, HOP = 8000, 4000, 2000
CLASSES = ("loud", "quiet", "rest")
SUMMARY = {
    "winner": {
        "configuration": "c0",
        "values": {"backbone": "cnn", "learning_rate": 1e-3},
        "validation": {"accuracy": {"mean": 0.8, "std": 0.1, "repeats": 3}},
        "test": {
            "segment": {"accuracy": {"value": 0.7, "low": 0.6, "high": 0.8}},
            "track": {"accuracy": {"value": 0.75, "low": 0.6, "high": 0.9}},
        },
    }
}


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle whose model tells loud from quiet."""
    import tensorflow as tf

    folder = tmp_path_factory.mktemp("search") / "winner"

    @tf.function(input_signature=[tf.TensorSpec((None, LENGTH), tf.float32, name="waveform")])
    def serve(waveform):
        power = tf.reduce_mean(tf.square(waveform), axis=1)
        return {"probabilities": tf.stack([power, 0.5 - power, 0.5 * tf.ones_like(power)], axis=1)}

    model = tf.Module()
    model.serve = serve
    tf.saved_model.save(model, str(folder / "savedmodel"), signatures={"serving_default": serve})
    described = {
        "format": 1, "classes": CLASSES,
        "sample_rate_hz": RATE_HZ, "segment_samples": LENGTH, "hop_samples": HOP,
        "values": {}, "structure": {}, "parity": {}, "versions": {}, "info": {},
    }  # fmt: skip
    (folder / "tunebench.json").write_text(json.dumps(described))
    waveform = np.random.default_rng(0).uniform(-0.5, 0.5, (2, LENGTH)).astype(np.float32)
    np.savez(folder / "example.npz", waveform=waveform, probabilities=np.zeros((2, 3), np.float32))
    return folder


@pytest.fixture(scope="session")
def logged(home: Path, bundle: Path) -> Project:
    """A search that has logged its winner."""
    project = Project(home, "champion-search")
    figure = home / "confusion.png"
    figure.write_bytes(b"picture")
    listener = project.listener()
    outcome = listener.log_winner(bundle, SUMMARY, [figure], predictions=None, judge=worse)
    assert outcome is not None
    assert outcome.address == "models:/champion-search@champion"
    listener.close("FINISHED")
    return project


@pytest.fixture(scope="session")
def model(logged: Project):
    import mlflow

    with pytest.MonkeyPatch.context() as patch:  # mlflow.set_tracking_uri would last for all later tests
        patch.setenv("MLFLOW_TRACKING_URI", logged.uri)
        return mlflow.pyfunc.load_model(f"models:/{logged.name}@champion")


def file_of(samples: np.ndarray, rate_hz: int, format_: str = "FLAC") -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate_hz, format=format_)
    return file.getvalue()


def noise(seconds: float, rate_hz: int, channels: int = 1) -> np.ndarray:
    samples = np.random.default_rng(1).uniform(-0.5, 0.5, (round(seconds * rate_hz), channels))
    return samples * np.linspace(1, 0.1, len(samples))[:, None]


def test_is_registered_with_the_alias_and_belongs_to_the_parent(logged):
    version = logged.client.get_model_version_by_alias(logged.name, "champion")
    (parent,), _ = logged.runs()
    assert int(version.version) == 1
    assert version.run_id == parent.info.run_id
    outputs = logged.client.get_run(parent.info.run_id).outputs.model_outputs
    (model,) = [logged.client.get_logged_model(output.model_id) for output in outputs]
    assert (str(model.status), model.source_run_id) == ("READY", parent.info.run_id)
    assert model.artifact_location == version.source
    assert model.params["backbone"] == "cnn"
    assert json.loads(model.tags["mlflow.modelVersions"]) == [{"name": logged.name, "version": "1"}]


def test_the_figures_stand_on_the_parent(logged):
    (parent,), _ = logged.runs()
    assert parent.data.metrics["winner_accuracy"] == 0.8
    assert parent.data.metrics["test_accuracy"] == 0.7
    assert parent.data.metrics["test_track_accuracy"] == 0.75
    assert (parent.data.tags["winner"], parent.data.tags["model"]) == ("c0", f"models:/{logged.name}/1")
    assert [file.path for file in logged.client.list_artifacts(parent.info.run_id, "figures")] == [
        "figures/confusion.png"
    ]


def test_has_a_signature_and_an_example_that_it_accepts(model):
    signature = model.metadata.signature
    assert [(column.name, str(column.type)) for column in signature.inputs] == [("audio", "DataType.binary")]
    assert [column.name for column in signature.outputs] == [*CLASSES]
    example = model.input_example
    assert soundfile.info(io.BytesIO(example["audio"][0])).samplerate == RATE_HZ
    answer = model.predict(example)
    assert list(answer.columns) == [*CLASSES]
    np.testing.assert_allclose(answer.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize(
    ("seconds", "rate_hz", "channels", "format_"),
    [(0.2, RATE_HZ, 1, "WAV"), (0.5, RATE_HZ, 1, "FLAC"), (2.9, 22_050, 2, "OGG"), (20.0, 16_000, 1, "WAV")],
)
def test_says_what_tunebench_predict_says(model, bundle, tmp_path, seconds, rate_hz, channels, format_):
    from tunebench.serving.predictor import Predictor

    content = file_of(noise(seconds, rate_hz, channels), rate_hz, format_)
    path = tmp_path / f"clip.{format_.lower()}"
    path.write_bytes(content)
    expected = Predictor.load(bundle).predict(path).probabilities
    answer = model.predict(pd.DataFrame({"audio": [content, content]}))
    np.testing.assert_allclose(answer.to_numpy(), [expected, expected], atol=1e-5)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no audio at all", "row 1"),
        (b"", "row 1"),
        (file_of(noise(0.05, RATE_HZ), RATE_HZ), "lasts 0.050 s"),
    ],
)
def test_says_which_recording_cannot_be_used(model, content, said):
    good = file_of(noise(1, RATE_HZ), RATE_HZ)
    with pytest.raises(ValueError, match=said):
        model.predict(pd.DataFrame({"audio": [good, content]}))


def test_needs_nothing_of_tunebench_where_it_is_served(model, logged):
    source = logged.client.get_model_version_by_alias(logged.name, "champion").source
    folder = Path(local_file_uri_to_path(source))
    assert "tunebench" not in (folder / "requirements.txt").read_text()
    (code,) = folder.glob("*.py")
    assert not [
        line for line in code.read_text().splitlines() if line.startswith(("import tune", "from tune"))
    ]


def test_a_search_that_goes_on_registers_no_second_version(logged, bundle):
    listener = logged.listener()
    outcome = listener.log_winner(bundle, SUMMARY, [], predictions=None, judge=worse)
    assert outcome.address == f"models:/{logged.name}@champion"
    listener.close("FINISHED")
    assert int(logged.client.get_model_version_by_alias(logged.name, "champion").version) == 1


@pytest.mark.parametrize(("number", "judge", "champion"), [(2, worse, 1), (3, better, 3)])
def test_a_fresh_search_becomes_the_champion_where_it_is_better(
    logged, bundle, model, number, judge, champion
):  # after `model`, which is version 1
    listener = logged.listener(search_id=f"fresh {number}")
    listener.log_winner(bundle, SUMMARY, [], predictions=None, judge=judge)
    listener.close("FINISHED")
    assert int(logged.client.get_model_version_by_alias(logged.name, "champion").version) == champion
