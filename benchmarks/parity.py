"""Every form of a search's winner against the trained model, on all recordings of the test side.

    tunebench search search_spaces/esc10.yaml --data ESC10
    python benchmarks/parity.py esc10 --record

Each form is exported, loaded in its own runtime, and asked about every window of the test side. No choice is
made by these figures: they say what an export costs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from tunebench import space
from tunebench.app.corpus import prepare_data
from tunebench.app.export import BATCH, export_model
from tunebench.app.folder import existing_folder
from tunebench.audio.gather import gather
from tunebench.evaluation.predictions import from_csv
from tunebench.export import forms, layout
from tunebench.export.card import size_bytes
from tunebench.metrics.classification import vote

FORMS = ("keras", "savedmodel", "onnx", "litert", "litert-float16", "litert-int8")
HEAD = """# Parity of the exported forms: the winner of `{search}`

{recordings} recordings of the test side, {windows} windows; {today}. As trained, {trained:.3f} of them are
right. A recording's probabilities are the mean of its windows'; the difference is the largest of any class of
any recording. Made by `python benchmarks/parity.py {search} --record`.

| form | largest difference of a probability | same top class | accuracy | MB |
|---|---|---|---|---|"""
RESULTS = Path(__file__).parent / "results" / "parity.md"


def measure(search: str, form: str, out: Path) -> dict[str, float]:
    """Export one form and compare it with what the search wrote down of its winner."""
    made = export_model(search, form, out / form)
    bundle = layout.read(made.parent)
    folder = existing_folder(search)
    experiment = space.load(folder.space)
    data = prepare_data(experiment.data)
    indices = data.split.test
    ask = forms.load(bundle, form=form).ask
    said = np.concatenate(
        [
            ask((gather(data.corpus, data.segments, indices[at : at + BATCH]) / 32768).astype(np.float32))
            for at in range(0, len(indices), BATCH)
        ]
    )
    voted, tracks = vote(said, data.segments.track[indices])
    known = from_csv(folder.predictions.read_text(), str(folder.predictions))
    trained = {row.path: row.probabilities for row in known.on("test")}
    expected = np.array([trained[data.corpus.tracks[track].track.path] for track in tracks])
    labels = data.corpus.labels[tracks]
    return {
        "recordings": len(tracks),
        "windows": len(indices),
        "difference": float(np.abs(voted - expected).max()),
        "agreement": float(np.mean(voted.argmax(axis=1) == expected.argmax(axis=1))),
        "accuracy": float(np.mean(voted.argmax(axis=1) == labels)),
        "trained": float(np.mean(expected.argmax(axis=1) == labels)),
        "bytes": size_bytes(made),
    }


def mlflow_row(search: str, out: Path) -> dict[str, float]:
    """The MLflow model, loaded as MLflow does in a process of its own; by file, so also through decoding."""
    export_model(search, "mlflow", out / "mlflow")
    folder = existing_folder(search)
    data = prepare_data(space.load(folder.space).data)
    tracks = np.unique(data.segments.track[data.split.test])
    root = space.load(folder.space).data.root
    known = from_csv(folder.predictions.read_text(), str(folder.predictions))
    trained = {row.path: row.probabilities for row in known.on("test")}
    paths = [data.corpus.tracks[track].track.path for track in tracks]
    script = (
        "import json, sys, mlflow.pyfunc, pandas as pd, pathlib\n"
        "model = mlflow.pyfunc.load_model(sys.argv[1])\n"
        "paths = json.load(sys.stdin)\n"
        "said = model.predict(pd.DataFrame({'audio': [pathlib.Path(p).read_bytes() for p in paths]}))\n"
        "print(json.dumps(said.values.tolist()))\n"
    )
    given = json.dumps([str(Path(root) / path) for path in paths])
    command = [sys.executable, "-c", script, str(out / "mlflow")]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=True)
    voted = np.array(json.loads(done.stdout.splitlines()[-1]))
    expected = np.array([trained[path] for path in paths])
    labels = data.corpus.labels[tracks]
    return {
        "recordings": len(tracks),
        "windows": len(data.split.test),
        "difference": float(np.abs(voted - expected).max()),
        "agreement": float(np.mean(voted.argmax(axis=1) == expected.argmax(axis=1))),
        "accuracy": float(np.mean(voted.argmax(axis=1) == labels)),
        "trained": float(np.mean(expected.argmax(axis=1) == labels)),
        "bytes": size_bytes(out / "mlflow"),
    }


def net_bytes(folder: Path) -> str:
    """How much of two LiteRT files is the net: constants that are not the front-end's."""

    def of(form: str) -> tuple[int, int]:
        interpreter = Interpreter(str(folder / form / forms.FORMS[form].file))
        sizes = {True: 0, False: 0}
        for tensor in interpreter.get_tensor_details():
            try:
                constant = interpreter.get_tensor(tensor["index"])
            except ValueError:  # no constant: nothing is allocated yet
                continue
            sizes["/frontend" in tensor["name"]] += constant.nbytes
        return sizes[False], sizes[True]

    (net, frontend), (small, small_frontend) = of("litert"), of("litert-int8")
    return (
        f"The net's constants take {net / 1e3:.1f} kB in float32 and {small / 1e3:.1f} kB in int8, "
        f"{small / net:.3f} of that; the front-end's {frontend / 1e3:.1f} kB and "
        f"{small_frontend / 1e3:.1f} kB, float32 in both."
    )


def main() -> None:
    """Print the table, and write it with `--record`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("search", help="name of a finished search whose data is at hand")
    parser.add_argument("--record", action="store_true", help="write benchmarks/results/parity.md")
    options = parser.parse_args()
    lines: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for form in (*FORMS, "mlflow"):
            row = mlflow_row(options.search, Path(folder)) if form == "mlflow" else measure(
                options.search, form, Path(folder)
            )  # fmt: skip
            if not lines:
                lines += [HEAD.format(search=options.search, today=date.today(), **row)]
            lines.append(
                f"| {form} | {row['difference']:.1e} | {row['agreement']:.1%} | {row['accuracy']:.3f} "
                f"| {row['bytes'] / 1e6:.2f} |"
            )
            print(lines[-1], flush=True)
        lines += ["", net_bytes(Path(folder))]
    text = "\n".join(lines) + "\n"
    print(text)
    if options.record:
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
