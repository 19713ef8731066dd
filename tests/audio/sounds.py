"""Audio files, good and hostile, made for the tests."""

from __future__ import annotations

import struct
from pathlib import Path

import av
import numpy as np
import soundfile

from tunebench.audio.corpus import Corpus, StoredTrack
from tunebench.audio.store import Store
from tunebench.audio.track import Track
from tunebench.space.sections import DataSection, SplitSection

FFMPEG_CODECS = {"m4a": "aac", "aac": "aac", "wma": "wmav2", "mka": "ac3"}


def tone(seconds=1.0, rate=16_000, hz=440.0, channels=1, level=0.5, noise=0.0, seed=0):
    """A sine of `level`, shape (frames,) or (frames, channels), float32."""
    wave = level * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)
    wave += noise * np.random.default_rng(seed).standard_normal(len(wave))
    wave = wave.astype(np.float32)
    return wave if channels == 1 else np.repeat(wave[:, None], channels, axis=1)


def write(path: Path, samples, rate=16_000, **options) -> Path:
    """Write with libsndfile, or with FFmpeg where the suffix is one of `FFMPEG_CODECS`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix[1:] in FFMPEG_CODECS:
        _write_ffmpeg(path, samples, rate)
    else:
        soundfile.write(path, samples, rate, **options)
    return path


def _write_ffmpeg(path: Path, samples, rate):
    planes = np.atleast_2d(np.asarray(samples, np.float32).T)  # (channels, frames)
    suffix = path.suffix[1:]
    container_format = {"m4a": "ipod", "aac": "adts", "wma": "asf", "mka": "matroska"}[suffix]
    with av.open(str(path), "w", format=container_format) as container:
        layout = "mono" if len(planes) == 1 else "stereo"
        stream = container.add_stream(FFMPEG_CODECS[suffix], rate=rate, layout=layout)
        stream.bit_rate = 128_000
        for start in range(0, planes.shape[1], 1024):
            block = np.ascontiguousarray(planes[:, start : start + 1024])
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=layout)
            frame.sample_rate, frame.pts = rate, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def wav_header(rate: int, channels: int, data_bytes: int, bits: int = 16) -> bytes:
    """The 44 bytes before the samples, whatever they promise."""
    block = channels * bits // 8
    fmt = struct.pack("<HHIIHH", 1, channels, rate & 0xFFFFFFFF, (rate * block) & 0xFFFFFFFF, block, bits)
    return (
        b"RIFF" + struct.pack("<I", min(data_bytes + 36, 0xFFFFFFFF)) + b"WAVEfmt " + struct.pack("<I", 16)
        + fmt + b"data" + struct.pack("<I", min(data_bytes, 0xFFFFFFFF))
    )  # fmt: skip


def lying_flac(path: Path, frames: int, seconds=1.0) -> Path:
    """A FLAC whose header promises `frames` frames."""
    write(path, tone(seconds, noise=0.1))
    content = bytearray(path.read_bytes())
    content[21] = (content[21] & 0xF0) | (frames >> 32)
    content[22:26] = struct.pack(">I", frames & 0xFFFFFFFF)
    path.write_bytes(content)
    return path


def hostile(folder: Path) -> dict[str, Path]:
    """One file of each kind that must be quarantined, by what its fault is (before the dash)."""
    folder.mkdir(parents=True, exist_ok=True)
    good = write(folder / "good.wav", tone())
    content = good.read_bytes()
    files = {
        "empty - zero bytes": b"",
        "empty - header only": wav_header(16_000, 1, 32_000),
        "empty - promises terabytes": wav_header(16_000, 1, 0xFFFFFFFF),
        "unreadable - truncated header": content[:20],
        "unreadable - text": b"This is no audio, whatever its name says.\n" * 50,
        "unreadable - playlist": b"#EXTM3U\n#EXTINF:1,\ngood.wav\n#EXT-X-ENDLIST\n",
        "unreadable - random": np.random.default_rng(3).bytes(5_000),
        "unreadable - no channels": wav_header(16_000, 0, 32_000) + bytes(32_000),
        "unreadable - impossible rate": wav_header(2**31 - 1, 1, 32_000) + content[44:],
    }
    paths = {}
    for name, data in files.items():
        paths[name] = folder / f"{name}.wav"
        paths[name].write_bytes(data)
    arrays = {
        "silent - zeros": np.zeros(16_000, np.float32),
        "silent - 1 bit of noise": tone(level=2e-5),
        "too short - 50 ms": tone(0.05),
        "non-finite - NaN": np.where(np.arange(16_000) == 9_000, np.nan, tone()),
        "non-finite - infinity": np.where(np.arange(16_000) == 9_000, np.inf, tone()),
    }
    for name, samples in arrays.items():
        paths[name] = write(folder / f"{name}.wav", samples, subtype="FLOAT")
    good.unlink()
    return paths


def data_section(root: Path, **options) -> DataSection:
    """A section for the corpus at `root`, split by track unless told otherwise."""
    return DataSection(root=root, **{"split": SplitSection(by="track"), **options})


def small_corpus(root: Path, classes=("bass", "treble"), tracks=4, seconds=0.3, rate=16_000) -> Path:
    """A folder per class, of short wav files."""
    for number, label in enumerate(classes):
        for index in range(tracks):
            samples = tone(seconds, rate, hz=110 * (number + 1) + index, noise=0.01, seed=index)
            write(root / label / f"{label}.{index:05d}.wav", samples, rate)
    return root


def paper_corpus(tracks: list[Track], keys=None, samples=16_000, rate=16_000) -> Corpus:
    """A corpus that stands only on paper: nothing of it can be read."""
    return Corpus(
        classes=tuple(sorted({track.label for track in tracks})),
        tracks=tuple(
            StoredTrack(track, keys[index] if keys else f"{index:064x}", samples)
            for index, track in enumerate(tracks)
        ),
        sample_rate_hz=rate,
        quarantined=(),
        store=Store(Path("/nowhere")),
    )
