from __future__ import annotations

import json

import pytest

from tunebench.errors import InputError
from tunebench.export import layout


def test_no_folder(tmp_path):
    with pytest.raises(InputError, match=r"absent: no such folder.*experiments/<name>/winner"):
        layout.read(tmp_path / "absent")


def test_folder_that_is_no_bundle(tmp_path):
    (tmp_path / "song.wav").touch()
    with pytest.raises(InputError, match=r"not a bundle, it has no tunebench\.json.*song\.wav"):
        layout.read(tmp_path)


def test_another_format(tmp_path):
    (tmp_path / "tunebench.json").write_text(json.dumps({"format": 99}))
    with pytest.raises(InputError, match=r"format 99.*reads format 2.*export the model again"):
        layout.read(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1, "classes": []}', '{"classes": []}'])
def test_torn_description(tmp_path, text):
    (tmp_path / "tunebench.json").write_text(text)
    with pytest.raises(InputError, match=r"not a bundle's description.*Export the model again"):
        layout.read(tmp_path)
