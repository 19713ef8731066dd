"""Which GPU and which cores each worker of this machine gets."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass

_ANSWERS_WITHIN_S = 30
_RESERVE_MIB = 1024
"""Of each GPU, for the driver and for what CUDA takes beside TensorFlow's share."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU as `CUDA_VISIBLE_DEVICES` names it, and its memory."""

    name: str
    memory_mib: int


@dataclass(frozen=True, slots=True)
class Share:
    """What one worker may use. `memory_mib` is 0 where it has a GPU to itself, or none."""

    threads: int
    cores: frozenset[int]
    gpu: str | None = None
    memory_mib: int = 0


def shares(workers: int, *, threads: int | None, gpus: list[Gpu], cores: list[int]) -> list[Share]:
    """Spread workers over GPUs in turn, and over cores evenly.

    Cores are pinned only where there are enough for all; `threads` are those of one trial, all cores
    divided by the workers if None.
    """
    each = threads or max(1, len(cores) // workers)
    pinned = each * workers <= len(cores)
    found: list[Share] = []
    for number in range(workers):
        own = frozenset(cores[number * each : (number + 1) * each] if pinned else cores)
        if not gpus:
            found.append(Share(each, own))
            continue
        gpu = gpus[number % len(gpus)]
        beside = len(range(number % len(gpus), workers, len(gpus)))
        memory = max(0, gpu.memory_mib - _RESERVE_MIB) // beside if beside > 1 else 0
        found.append(Share(each, own, gpu.name, memory))
    return found


def part_of_gpu_mib(gpus: list[Gpu], part: float) -> int:
    """Memory for a worker that has so much of a GPU; 0 where it has all of one or more, or none."""
    return int(part * max(0, gpus[0].memory_mib - _RESERVE_MIB)) if gpus and 0 < part < 1 else 0


def visible_gpus() -> list[Gpu]:
    """The GPUs that this process may use, without initialising them."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    query = [program, "--query-gpu=index,uuid,memory.total", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, check=True, timeout=_ANSWERS_WITHIN_S)
    except subprocess.SubprocessError:
        return []
    rows = [[cell.strip() for cell in line.split(",")] for line in answer.stdout.splitlines()]
    asked = os.environ.get("CUDA_VISIBLE_DEVICES")
    wanted = None if asked is None else [name.strip() for name in asked.split(",") if name.strip()]
    return [
        Gpu(index, int(memory) if memory.isdigit() else 0)  # 0: it shares the machine's memory
        for index, uuid, memory in rows
        if wanted is None or index in wanted or any(uuid.startswith(name) for name in wanted)
    ]
