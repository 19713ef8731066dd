"""The model card, and the description beside it: what a bundle says of itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tunebench.export.forms import FORMS
from tunebench.export.layout import CARD, DESCRIPTION, Bundle
from tunebench.export.parity import tolerance_of

_LEAKS = {
    "group": "none: groups (artists, recordings) stand on one side each",
    "none": "none: groups (artists, recordings) stand on one side each",
}


def describe(bundle: Bundle, folder: Path) -> None:
    """Write `tunebench.json` and the card into `folder`, which holds the bundle's models."""
    text = json.dumps(bundle.described(), indent=2, allow_nan=False) + "\n"
    (folder / DESCRIPTION).write_text(text, encoding="utf-8")
    (folder / CARD).write_text(card(bundle, folder), encoding="utf-8")


def card(bundle: Bundle, folder: Path) -> str:
    """The model card, in Markdown, of a bundle whose files lie in `folder`."""
    info = bundle.info
    parts = [
        f"# {info.get('name', 'A classifier')}",
        _purpose(bundle),
        "## How good it is\n\n" + "\n".join(_figures(info)),
        "## Data\n\n" + "\n".join(_data(info)),
        "## What it is made of\n\n" + "\n".join(_made_of(bundle)),
        "## Forms\n\n" + "\n".join(_forms(bundle, folder)),
        "## Limits\n\n" + "\n".join(_limits(bundle)),
    ]
    return "\n\n".join(parts) + "\n"


def _purpose(bundle: Bundle) -> str:
    names = ", ".join(bundle.classes)
    seconds = bundle.segment_samples / bundle.sample_rate_hz
    if bundle.input == "table":
        return f"Sorts rows of a table with {len(bundle.columns)} columns into classes: {names}."
    return (
        f"Sorts recordings into {len(bundle.classes)} classes: {names}. It listens to windows of {seconds:g} "
        f"s at {bundle.sample_rate_hz} Hz, mono, {bundle.hop_samples / bundle.sample_rate_hz:g} s apart, and "
        "a recording's answer is the mean of its windows' probabilities."
    )


def _figures(info: Mapping[str, Any]) -> Iterator[str]:
    test = info.get("test")
    if test:
        yield "On test data that no choice was made on, with 95% intervals over groups:\n"
        yield "| metric | a window | a recording |\n|---|---|---|"
        for metric in test["track"]:
            yield f"| {metric} | {_interval(test['segment'][metric])} | {_interval(test['track'][metric])} |"
        yield f"\nTimes that any search had read this test side by then, this one included: {test['reads']}."
    else:
        yield "There was no test side: the figures below are of the data that the model was chosen on."
    validation = info.get("validation", {})
    if validation:
        told = ", ".join(f"{name[4:]} {v['mean']:.3f} ± {v['std']:.3f}" for name, v in validation.items())
        yield f"\nOn validation, mean and deviation over repeats: {told}."
    after = info.get("calibration", {}).get("after")
    if after:
        yield (
            f"\nCalibration: expected error {after['error']:.3f} at temperature "
            f"{info['calibration']['temperature']:.2f}."
        )


def _interval(figure: Mapping[str, float]) -> str:
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"


def _data(info: Mapping[str, Any]) -> Iterator[str]:
    data = info.get("data", {})
    if data:
        yield f"- {data['tracks']} recordings, {data['segments']} windows of {len(data['classes'])} classes."
        yield f"- Licence: {data.get('licence') or 'not stated by whoever trained it'}."
    leakage = info.get("leakage")
    if leakage:
        yield f"- Leakage between the sides: {_LEAKS.get(leakage, leakage)}."
    if "split_hash" in info:
        yield f"- Split: `{info['split_hash']}`."


def _made_of(bundle: Bundle) -> Iterator[str]:
    for name, value in bundle.values.items():
        yield f"- {name}: {value}"
    yield f"- temperature of the probabilities: {bundle.temperature:.3f}"
    yield "- made with: " + ", ".join(f"{name} {version}" for name, version in bundle.versions.items())


def _forms(bundle: Bundle, folder: Path) -> Iterator[str]:
    yield (
        f"Each was loaded in its own runtime, in a fresh process, and compared with the trained model on "
        f"{bundle.parity['examples']} clips, loud, quiet and short: alone and in one batch. Largest "
        "difference of a probability:\n"
    )
    yield "| form | file | MB | alone | in a batch | tolerance | same class | validation accuracy, change |"
    yield "|---|---|---|---|---|---|---|---|"
    for form in FORMS.values():
        found = bundle.parity.get(form.name)
        if found is None or not (folder / form.file).exists():
            continue
        tolerance = tolerance_of(form.name, float(bundle.parity["tolerance"]))
        accuracy = "not measured"
        if "accuracy" in found:
            accuracy = f"{found['accuracy']:.3f} ({found['accuracy_change']:+.3f})"
        megabytes = size_bytes(folder / form.file) / 1e6
        yield (
            f"| {form.name} | {form.file} | {megabytes:.2f} | {found['alone']:.1e} "
            f"| {found['batch']:.1e} | {tolerance:g} | {found.get('agreement', 1.0):.0%} | {accuracy} |"
        )


def size_bytes(path: Path) -> int:
    """Of a file, or of all files in a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def _limits(bundle: Bundle) -> Iterator[str]:
    yield (
        "- It always names one of its classes: of a sound that is none of them it says the least wrong one. "
        "A confidence below the threshold is given as *not sure*."
    )
    if bundle.input != "table":
        yield f"- What lies above {bundle.sample_rate_hz // 2} Hz it cannot hear."
    leakage = bundle.info.get("leakage")
    if leakage and leakage not in _LEAKS:
        yield f"- Its sides share {leakage}s, so that the figures above are too good for new ones."
