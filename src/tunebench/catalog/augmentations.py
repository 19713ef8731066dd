"""The table of augmentations: what is done to training examples, and to no others.

Adding one: a row here, and the function that it names. Its strength is a variable in the graph, so that
trials of other strengths share what was compiled. Those of stage "variants" are in no graph: the store holds
what they make of a track.
"""

from __future__ import annotations

from collections.abc import Mapping

from tunebench.catalog.spec import AugmentationRow, Scalar, Spec, Stage, Values

GROUP = "augmentation"
"""The key of `space` that they stand below."""

OFF = "off"


def _row(stage: Stage, spec: Spec) -> AugmentationRow:
    return AugmentationRow(spec.name, spec, stage, f"tunebench.augmentations.{stage}:{spec.name}")


AUGMENTATIONS: Mapping[str, AugmentationRow] = {
    row.name: row
    for row in (
        _row("variants", Spec(
            "pitch_shift", "int", 0, "Every other example higher or lower, by whole semitones up to so many.",
            "semitones", 0, 12)),
        _row("variants", Spec(
            "time_stretch", "float", 0.0, "Every other example faster or slower by up to this share, in "
            "steps of 0.05: less is nothing.", "", 0, 0.5)),
        _row("waveforms", Spec(
            "gain_db", "float", 0.0, "Each example louder or quieter, by up to so much.", "dB", 0, 60)),
        _row("waveforms", Spec(
            "polarity", "float", 0.0, "Share of the examples that are turned upside down.", "", 0, 1)),
        _row("waveforms", Spec(
            "time_shift", "float", 0.0, "Each example turned in time by up to so much, its end before its "
            "beginning.", "s", 0, 3600)),
        _row("waveforms", Spec(
            "noise_snr_db", "float", OFF, "White noise in every other example, so far below its own level.",
            "dB", -60, 100, (OFF,))),
        _row("inputs", Spec(
            "frequency_mask", "float", 0.0, "SpecAugment: two bands of each image at its mean, each of up to "
            "this share of its height.", "", 0, 1)),
        _row("inputs", Spec(
            "time_mask", "float", 0.0, "SpecAugment: two stretches of each example at its mean, each of up "
            "to this share of its width.", "", 0, 1)),
        _row("pairs", Spec(
            "mixup", "float", 0.0, "Each example mixed with another, by a share drawn from Beta(a, a); this "
            "is a.", "", 0, 10)),
    )
}  # fmt: skip


def strengths(values: Values) -> dict[str, float]:
    """The augmentations that a configuration makes use of, in the table's order, with their strengths."""
    found: dict[str, Scalar] = {
        name: values.get(f"{GROUP}.{name}", row.spec.default) for name, row in AUGMENTATIONS.items()
    }
    return {
        name: float(strength)
        for name, strength in found.items()
        if strength != AUGMENTATIONS[name].spec.default and isinstance(strength, int | float)
    }


def in_steps(values: Values) -> dict[str, float]:
    """Those of `strengths` that are functions of a training step: all but variants."""
    found = strengths(values).items()
    return {name: strength for name, strength in found if AUGMENTATIONS[name].stage != "variants"}
