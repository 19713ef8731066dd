from __future__ import annotations

import shutil

import pytest

from tunebench.errors import InputError
from tunebench.export import formats, layout
from tunebench.export.parity import ParityError


def test_exported_folder_holds_the_model_its_description_and_its_example(mel_bundle, tmp_path):
    exported = formats.export(mel_bundle.folder, "savedmodel", tmp_path / "out")
    assert exported == tmp_path / "out" / "savedmodel"
    held = {path.name for path in (tmp_path / "out").iterdir()}
    assert held == {"savedmodel", "bundle.json", "example.npz"}
    assert layout.read(tmp_path / "out").classes == ("blues", "jazz", "rock")


def test_keras_file_is_verified_again(mel_bundle, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(mel_bundle.folder, broken)
    content = bytearray((broken / "model.keras").read_bytes())
    content[len(content) // 2] ^= 0xFF
    (broken / "model.keras").write_bytes(content)
    with pytest.raises(ParityError, match=r"cannot be reloaded in a fresh process.*said: .*CRC"):
        formats.export(broken, "keras", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", formats.PLANNED)
def test_formats_of_a_later_version(mel_bundle, tmp_path, name):
    with pytest.raises(InputError, match=rf"--format {name}: comes in a later version.*keras or savedmodel"):
        formats.export(mel_bundle.folder, name, tmp_path / "out")


def test_unknown_format(mel_bundle, tmp_path):
    with pytest.raises(InputError, match=r"--format pickle: no such format.*keras or savedmodel"):
        formats.export(mel_bundle.folder, "pickle", tmp_path / "out")


def test_folder_in_use(mel_bundle, tmp_path):
    (tmp_path / "mine.txt").touch()
    with pytest.raises(InputError, match=r"is not empty.*--out"):
        formats.export(mel_bundle.folder, "keras", tmp_path)
    assert (tmp_path / "mine.txt").exists()


def test_form_that_the_bundle_lacks(mel_bundle, tmp_path):
    thin = tmp_path / "thin"
    shutil.copytree(mel_bundle.folder, thin, ignore=shutil.ignore_patterns("model.keras"))
    with pytest.raises(InputError, match=r"holds no model\.keras.*--format savedmodel"):
        formats.export(thin, "keras", tmp_path / "out")
