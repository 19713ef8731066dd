# ruff: noqa: E501 - a message stands on one line
"""What is wrong with a file is said with its place, the rule, what was received and what to write."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tunebench.errors import SpaceError
from tunebench.space import load

CASES = {
    "unknown key of a section": (
        ("batch_size", "batchsize"),
        '23:3: training.batchsize: is an unknown key; received "batchsize"; write batch_size instead',
    ),
    "unknown section": (
        ("winner:", "winer:"),
        '32:1: winer: is an unknown key; received "winer"; write winner instead',
    ),
    "text for a number": (
        ("batch_size: 32", "batch_size: '32'"),
        '23:15: training.batch_size: must be a whole number; received "32"; write 32 instead',
    ),
    "number out of bounds": (
        ("max_epochs: 27", "max_epochs: 0"),
        "28:15: search.max_epochs: must be at least 1; received 0; write 27 instead",
    ),
    "true for a number": (
        ("factor: 3\n", "factor: true\n"),
        "29:11: search.factor: must be a whole number; received true; write 3 instead",
    ),
    "misspelt word": (
        ("hyperband", "hyperbnd"),
        '27:14: search.algorithm: must be one of hyperband, asha, random, bayesian, grid; received "hyperbnd"; '
        "write hyperband instead",
    ),
    "unknown objective": (
        ("objective: val_accuracy", "objective: accuracy"),
        "30:14: search.objective: must be one of val_accuracy,",
    ),
    "rungs longer than the budget": (
        ("factor: 3\n", "min_epochs: 30\n"),
        "29:15: search.min_epochs: must be at most max_epochs, 27; received 30; write 27 instead",
    ),
    "trials of a random search": (
        ("algorithm: hyperband", "algorithm: random"),
        "27:3: search.max_trials: is required with algorithm: random; received nothing; write 20 instead",
    ),
    "infinite seconds": (
        ("seconds: 5.0", "seconds: .inf"),
        "6:22: data.segment.seconds: must be finite; received Infinity; write 5.0 instead",
    ),
    "group without a part": (
        ("(?P<group>[0-9]+)", "[0-9]+"),
        "4:20: data.group.pattern: has no part named group; received",
    ),
    "no regular expression": (
        ("(?P<group>", "(?P<group"),
        "4:20: data.group.pattern: is no regular expression (",
    ),
    "two sources of groups": (
        ("{pattern:", "{file: a.csv, pattern:"),
        "4:10: data.group: needs either pattern or file; received",
    ),
    "shares without a rest": (
        ("validation: 0.2, test: 0.2", "validation: 0.7, test: 0.4"),
        "7:45: data.split.test: leaves nothing to train on: validation + test must be below 1; received 0.4",
    ),
    "nothing to rank by": (
        ("validation: 0.2", "validation: 0"),
        "7:34: data.split.validation: must be above 0",
    ),
    "folds by group": (
        ("validation: 0.2", "validation: [4]"),
        "7:34: data.split.validation: must be a share with by: group; received [4]; write 0.2, or by: fold instead",
    ),
    "shares by fold": (
        ("by: group, validation: 0.2", "by: fold, validation: [4]"),
        "7:44: data.split.test: must be a list of fold numbers with by: fold; received 0.2; write [5] instead",
    ),
    "one fold twice": (
        ("by: group, validation: 0.2, test: 0.2", "by: fold, validation: [4], test: [4]"),
        "7:44: data.split.test: must not share a fold with validation; received [4]",
    ),
    "share that is none": (
        ("test: 0.2", "test: 20"),
        "7:45: data.split.test: must be a share of at least 0 and below 1",
    ),
    "unknown protocol": (
        ("by: group, validation: 0.2, test: 0.2", "by: column, lists: gtzan"),
        "7:30: data.split.lists: must name three list files, or be one of gtzan_fault_filtered, gtzan_stratified",
    ),
    "lists by group": (
        ("by: group", "by: group, lists: gtzan_stratified"),
        "7:29: data.split.lists: are read only with by: column",
    ),
    "shares by column": (
        ("by: group", "by: column"),
        "7:35: data.split.validation: is given by the lists with by: column; received 0.2; write by: column without it instead",
    ),
    "lists without one": (
        ("by: group, validation: 0.2, test: 0.2", "by: column, lists: {train: a.txt}"),
        "7:23: data.split.lists.validation: is required; received nothing; write validation: validation.txt",
    ),
    "offset in the middle": (
        ("  sample_rate", "  trim: {seconds: 30, offset: 3, from: middle}\n  sample_rate"),
        "5:31: data.trim.offset: has no meaning with from: middle; received 3; write from: offset, or leave offset out instead",
    ),
    "columns without a manifest": (
        ("  sample_rate", "  columns: {path: filename}\n  sample_rate"),
        '5:12: data.columns: has no use without data.manifest; received {"path": "filename"}; '
        "write manifest: tracks.csv beside it instead",
    ),
    "unknown column": (
        ("  sample_rate", "  manifest: t.csv\n  columns: {file: filename}\n  sample_rate"),
        '6:13: data.columns.file: is an unknown key; received "file"; write one of path, label, group, fold, split instead',
    ),
    "true where a text stands": (
        ("  sample_rate", "  manifest: t.csv\n  where: {esc10: True}\n  sample_rate"),
        "6:18: data.where.esc10: must be a text as it stands in the manifest, in quotes, or a list of such; "
        'received true; write "True" instead',
    ),
    "filter that is none": (
        ("  sample_rate", "  manifest: t.csv\n  where: esc10\n  sample_rate"),
        '6:10: data.where: must name columns, and what must stand in each; received "esc10"; write {subset: small} instead',
    ),
    "audio elsewhere": (
        ("  sample_rate", "  audio: ../audio\n  sample_rate"),
        '5:10: data.audio: must be a folder below data.root, relative to it; received "../audio"; write audio instead',
    ),
    "label without a part": (
        ("  sample_rate", "  label: {pattern: '[0-9]_'}\n  sample_rate"),
        "5:20: data.label.pattern: has no part named label; received \"[0-9]_\"; write '(?P<label>[^/_]+)_[^/]*$' instead",
    ),
    "label without a pattern": (
        ("  sample_rate", "  label: {}\n  sample_rate"),
        "5:3: data.label.pattern: is required; received nothing; write pattern: '(?P<label>[^/_]+)_[^/]*$'",
    ),
    "labels of a table": (
        ("  sample_rate", "  table: t.csv\n  label: {pattern: '(?P<label>.)'}\n  sample_rate"),
        "6:10: data.label: has no use with data.table",
    ),
    "earlier search that is no name": (
        ("  seed: 7\nwinner", "  warm_start: [1]\nwinner"),
        "31:15: search.warm_start: must be the name of an earlier search, or a list of names; received [1]; "
        "write [my-first-search] instead",
    ),
    "earlier search twice": (
        ("  seed: 7\nwinner", "  warm_start: [a, b, a]\nwinner"),
        "31:15: search.warm_start: names one search twice",
    ),
    "earlier search of a grid": (
        ("algorithm: hyperband", "algorithm: grid\n  warm_start: a"),
        "28:15: search.warm_start: has no use with algorithm: grid, which proposes by itself",
    ),
    "earlier search that is this one": (
        ("  seed: 7\nwinner", "  warm_start: esc10-quick\nwinner"),
        "31:15: search.warm_start: must name other searches: esc10-quick is this one",
    ),
    "a target without a form": (
        ("training:", "target: {}\ntraining:"),
        "22:1: target.format: is required; received nothing; write format: litert-int8",
    ),
    "a target of a form that is none": (
        ("training:", "target: {format: tflite}\ntraining:"),
        "22:18: target.format: must be one of onnx, litert, litert-float16, litert-int8, savedmodel",
    ),
    "a single fold": (
        ("  sample_rate", "  folds: 1\n  sample_rate"),
        "5:10: data.folds: must be at least 2; received 1; write 5 instead",
    ),
    "reserved in a segment": (
        ("hop: 5.0}", "max_per_track: 3}"),
        "6:27: data.segment.max_per_track: is reserved for a later version",
    ),
    "unknown augmentation": (
        ("  dropout:", "  augmentation: {gain: 3}\n  dropout:"),
        '20:18: space.augmentation.gain: is an unknown key; received "gain"; write gain_db instead',
    ),
    "augmentation that is no mapping": (
        ("  dropout:", "  augmentation: gain_db\n  dropout:"),
        '20:17: space.augmentation: must be a mapping of parameters; received "gain_db"; write {} instead',
    ),
    "augmentation at the top": (
        ("  dropout:", "  mixup: 0.2\n  dropout:"),
        "20:3: space.mixup: belongs to augmentation, not to the top of the space; ",
    ),
    "prior that is no number": (
        ("{float: [0.0, 0.5]}", "{float: [0.0, 0.5], prior: x}"),
        '20:39: space.dropout.prior: must be a number of the range, from 0 to 0.5; received "x"; write 0.0 instead',
    ),
    "prior beyond the range": (
        ("{log_float: [1e-5, 1e-2]}", "{log_float: [1e-5, 1e-2], prior: 1}"),
        "19:51: space.learning_rate.prior: must be a number of the range, from 1e-05 to 0.01; received 1; "
        "write 0.01 instead",
    ),
    "prior between the steps": (
        ("step: 16", "step: 16, prior: 79"),
        "11:127: space.spectrogram.choice.mel.n_mels.prior: must be a whole number of the range, from 48 to 128 "
        "in steps of 16; received 79; write 80 instead",
    ),
    "prior that is no option": (
        ("[64, 128, 256]}", "[64, 128, 256], prior: 200}"),
        "21:48: space.dense_units.prior: must be one of the options, 64, 128, 256; received 200; write 256 instead",
    ),
    "prior of another type": (
        ("[64, 128, 256]}", "[64, 128, 256], prior: 64.0}"),
        "21:48: space.dense_units.prior: must be one of the options, 64, 128, 256; received 64.0; write 64 instead",
    ),
    "prior that is no row of the choice": (
        ("  backbone:\n", "  backbone:\n    prior: mobilenet\n"),
        '16:12: space.backbone.prior: must be one of the options, cnn, mobilenetv2; received "mobilenet"; '
        "write mobilenetv2 instead",
    ),
    "prior alone": (
        ("{float: [0.0, 0.5]}", "{prior: 0.1}"),
        "20:12: space.dropout: must say what may be chosen",
    ),
    "prior of the space": (
        ("  dropout:", "  prior: 3\n  dropout:"),
        "20:3: space.prior: is an unknown key",
    ),
    "unknown row": (
        ("      mel:  ", "      mell: "),
        '11:7: space.spectrogram.choice.mell: must be one of mel, stft, multi_stft, mfcc, waveform, features, table; received "mell"; write mel instead',
    ),
    "unknown parameter of a row": (
        ("n_mfcc: {", "n_mffc: {"),
        '14:20: space.spectrogram.choice.mfcc.n_mffc: is an unknown key; received "n_mffc"; write n_mfcc instead',
    ),
    "parameter of another row": (
        ("cnn: {}", "cnn: {weights: random}"),
        '17:13: space.backbone.choice.cnn.weights: is an unknown key; received "weights"; '
        "write one of filters, blocks, kernel_size, batch_normalisation, initializer instead",
    ),
    "parameter of a row at the top": (
        ("  dropout:", "  n_mfcc: 3\n  dropout:"),
        '20:3: space.n_mfcc: belongs to spectrogram.choice.mfcc, not to the top of the space; received "n_mfcc"; '
        "write it below spectrogram.choice.mfcc",
    ),
    "value out of the catalog's bounds": (
        ("cnn: {}", "cnn: {filters: 0}"),
        "17:22: space.backbone.choice.cnn.filters: must be a whole number of at least 1 and at most 512; "
        "received 0; write 1 instead",
    ),
    "option of the wrong type": (
        ("[64, 128, 256]", "[64, x]"),
        "21:30: space.dense_units.choice[1]: must be a whole number of at least 0 and at most 8192; "
        'received "x"; write 128 instead',
    ),
    "float for a whole number": (
        ("[64, 128, 256]", "64.0"),
        "21:25: space.dense_units.choice: must be a list of options",
    ),
    "whole float": (
        ("{choice: [64, 128, 256]}", "64.0"),
        "21:16: space.dense_units: must be a whole number of at least 0 and at most 8192; received 64.0; write 64 instead",
    ),
    "option twice": (
        ("[64, 128, 256]", "[64, 128, 64]"),
        "21:35: space.dense_units.choice[2]: stands twice among the options; received 64; write each option once instead",
    ),
    "option twice as a float": (
        ("{float: [0.0, 0.5]}", "{choice: [0, 0.0]}"),
        "20:25: space.dropout.choice[1]: stands twice",
    ),
    "no options": (("[64, 128, 256]", "[]"), "21:25: space.dense_units.choice: must be a list of options"),
    "list without choice": (
        ("{choice: [64, 128, 256]}", "[64, 128]"),
        "21:16: space.dense_units: must be one value or a mapping; received [64, 128]; write {choice: [64, 128]} instead",
    ),
    "unknown form": (
        ("log_float", "logfloat"),
        '19:19: space.learning_rate.logfloat: is an unknown key; received "logfloat"; write log_float instead',
    ),
    "two forms": (
        ("{float: [0.0, 0.5]}", "{float: [0.0, 0.5], choice: [1]}"),
        "20:12: space.dropout: must have one form",
    ),
    "no form": (
        ("{float: [0.0, 0.5]}", "{}"),
        "20:12: space.dropout: must say what may be chosen; received {}; write {choice: [0.2]}",
    ),
    "empty range": (
        ("[1e-5, 1e-2]", "[1e-2, 1e-5]"),
        "19:30: space.learning_rate.log_float: is an empty range: the first bound is above the second; "
        "received [0.01, 1e-05]; write [1e-05, 0.01] instead",
    ),
    "logarithm of zero": (
        ("{float: [0.0, 0.5]}", "{log_float: [0.0, 0.5]}"),
        "20:25: space.dropout.log_float[0]: must be above 0 in a logarithmic range; received 0.0; write 0.2 instead",
    ),
    "no number as a bound": (("[0.0, 0.5]", "[.nan, 0.5]"), "20:21: space.dropout.float[0]: must be finite"),
    "bound beyond the catalog": (
        ("[0.0, 0.5]", "[0.0, 1.5]"),
        "20:26: space.dropout.float[1]: must be a number of at least 0 and at most 0.95; received 1.5; write 0.95 instead",
    ),
    "three bounds": (
        ("[0.0, 0.5]", "[0.0, 0.1, 0.5]"),
        "20:20: space.dropout.float: must be a list of two bounds",
    ),
    "int for a float": (
        ("{float: [0.0, 0.5]}", "{int: [0, 1]}"),
        '20:12: space.dropout: is a number, which int does not give; received {"int": [0, 1]}; write {float: [0, 1]} instead',
    ),
    "range of words": (
        ("  dropout:", "  optimizer: {int: [0, 1]}\n  dropout:"),
        '20:14: space.optimizer: takes no range: it is a text; received {"int": [0, 1]}; write {choice: [adam, adamw]} instead',
    ),
    "step too wide": (
        ("{int: [13, 40]}", "{int: [13, 40], step: 50}"),
        "14:50: space.spectrogram.choice.mfcc.n_mfcc.step: is wider than the range, 27, so nothing is reached by it",
    ),
    "step of zero": (
        ("step: 16", "step: 0"),
        "11:116: space.spectrogram.choice.mel.n_mels.step: must be a whole number of at least 1",
    ),
    "step of a float": (
        ("[0.0, 0.5]}", "[0.0, 0.5], step: 0.1}"),
        "20:32: space.dropout.step: goes with int alone",
    ),
    "misspelt weights": (
        ("[random, imagenet]", "[random, imagnet]"),
        "18:48: space.backbone.choice.mobilenetv2.weights.choice[1]: must be one of random, imagenet, or the path of a file; there is no ",
    ),
    "parameters of an option that has none": (
        ("[random, imagenet]", "{random: {}, imagenet: {layers: 3}}"),
        "18:63: space.backbone.choice.mobilenetv2.weights.choice.imagenet.layers: is unknown: this option has no "
        'parameters; received "layers"; write {} instead',
    ),
    "name with a line break": (
        ("name: esc10-quick", 'name: "a\\nb"'),
        "1:7: name: names a folder: letters, digits, '.', '_' and '-', at most 100; received \"a\\nb\"; write my-search instead",
    ),
    "key with a line break": (
        ("batch_size:", '"batch\\nsize":'),
        "23:3: training.batch\\nsize: is an unknown key",
    ),
    "name that is no folder": (("name: esc10-quick", "name: ../up"), "1:7: name: names a folder"),
    "name of the write-ups": (("name: esc10-quick", "name: records"), "1:7: name: must not be 'records'"),
}


@pytest.mark.parametrize(("change", "message"), CASES.values(), ids=CASES.keys())
def test_message(load_text: Callable, example: str, change: tuple[str, str], message: str) -> None:
    assert change[0] in example
    with pytest.raises(SpaceError) as error:
        load_text(example.replace(change[0], change[1], 1))
    assert f"space.yaml:{message}" in str(error.value)


def test_all_faults_are_reported_in_the_order_of_the_file(load_text: Callable, example: str) -> None:
    text = (
        example.replace("sample_rate", "samplerate")
        .replace("[1e-5,", "[9,")
        .replace("max_epochs: 27", "max_epochs: x")
    )
    with pytest.raises(SpaceError) as error:
        load_text(text)
    assert [line.split("space.yaml:")[1].split(":")[0] for line in str(error.value).splitlines()] == [
        "5",
        "19",
        "28",
    ]


def test_missing_keys(load_text: Callable) -> None:
    with pytest.raises(SpaceError) as error:
        load_text("name: x\ndata: {root: audio}\nspace: {}\n")
    lines = [line.split("space.yaml:")[1] for line in str(error.value).splitlines()]
    assert lines == [
        "2:1: data.split: is required; received nothing; write split: {by: group, validation: 0.2, test: 0.2}",
        "3:1: space.spectrogram: is required; received nothing; write spectrogram: mel",
        "3:1: space.backbone: is required; received nothing; write backbone: cnn",
    ]


@pytest.mark.parametrize("text", ["", "# nothing\n", "hello", "- a\n- b\n", "3"])
def test_no_mapping(load_text: Callable, text: str) -> None:
    with pytest.raises(
        SpaceError, match=r"space.yaml:\d:1: must be a mapping with the keys name, data, space"
    ):
        load_text(text)


@pytest.mark.parametrize("section", ["data", "space", "training", "search", "winner"])
def test_section_that_is_no_mapping(load_text: Callable, short: str, section: str) -> None:
    kept = [line for line in short.splitlines() if not line.startswith(section)]
    with pytest.raises(SpaceError, match=rf"space.yaml:\d:\d+: {section}: must be a mapping"):
        load_text("\n".join([*kept, f"{section}: [3]"]))


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(SpaceError, match="cannot be read: No such file or directory"):
        load(tmp_path / "absent.yaml")
    with pytest.raises(SpaceError, match="cannot be read: Is a directory"):
        load(tmp_path)
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"name: x\nb: \xff\xfe")
    with pytest.raises(SpaceError, match=r"binary.yaml:2:4: is not UTF-8; received byte 0xff"):
        load(binary)
    binary.write_bytes(b"a" * 1_000_001)
    with pytest.raises(SpaceError, match="is larger than 1,000,000 bytes"):
        load(binary)
