"""A process that decodes what strangers send: `python -m tunebench.serving.decode_worker`.

It reads one JSON line a request (`path`, `rate_hz`, `longest_s`) and answers with one JSON line, `samples` or
`refused`; after `samples` come so many int16 in the machine's byte order. It can write no file, and its
memory is bounded, so that a file which breaks a decoder breaks this process alone.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tunebench.audio.native import NativeDecoder
from tunebench.audio.pcm import checked
from tunebench.audio.rejection import RejectedAudioError

MEMORY_BYTES = 2 * 2**30

_ANSWER_BYTES = 2**20
"""An answer that is no longer is written in one piece, so that its reader wakes once."""

_LONGEST_REFUSAL = 300


def decode(path: Path, rate_hz: int, longest_s: float) -> NDArray[np.int16]:
    """A file as training would have stored it, `(samples,)`.

    Raises:
        RejectedAudioError: it cannot be used.
        ValueError: it lasts longer than `longest_s`; what comes after was not decoded.
    """
    blocks, samples = [], 0
    for block in checked(NativeDecoder().blocks(path, rate_hz, None), rate_hz):
        blocks.append(block)
        samples += len(block)
        if samples > longest_s * rate_hz:
            raise ValueError(f"it lasts over {longest_s:g} s")
    return np.concatenate(blocks)


def main() -> None:
    """Answer requests until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is the service's to handle
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answer = os.fdopen(sys.stdout.fileno(), "wb", buffering=_ANSWER_BYTES, closefd=False)
    for line in sys.stdin.buffer:
        request = json.loads(line)
        try:
            samples = decode(Path(request["path"]), request["rate_hz"], request["longest_s"])
        except (RejectedAudioError, ValueError, MemoryError) as error:
            said = str(error)[:_LONGEST_REFUSAL] or "it needs too much memory"
            answer.write(json.dumps({"refused": said}).encode() + b"\n")
        else:
            answer.write(json.dumps({"samples": len(samples)}).encode() + b"\n")
            answer.write(samples.tobytes())
        answer.flush()


if __name__ == "__main__":
    main()
