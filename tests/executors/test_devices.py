from __future__ import annotations

from tunebench.executors.devices import Gpu, shares

CORES = list(range(8))


def test_cores_are_spread_evenly_and_pinned() -> None:
    found = shares(3, threads=None, gpus=[], cores=CORES)
    assert [share.threads for share in found] == [2, 2, 2]
    assert [sorted(share.cores) for share in found] == [[0, 1], [2, 3], [4, 5]]


def test_cores_are_shared_where_there_are_too_few() -> None:
    found = shares(3, threads=4, gpus=[], cores=CORES)
    assert [share.threads for share in found] == [4, 4, 4]
    assert all(share.cores == frozenset(CORES) for share in found)
    assert shares(16, threads=None, gpus=[], cores=CORES)[0].threads == 1


def test_each_worker_has_a_gpu_or_its_part_of_one() -> None:
    gpus = [Gpu("0", 81_024), Gpu("1", 41_024)]
    alone = shares(2, threads=None, gpus=gpus, cores=CORES)
    assert [(share.gpu, share.memory_mib) for share in alone] == [("0", 0), ("1", 0)]
    shared = shares(3, threads=None, gpus=gpus, cores=CORES)
    assert [(share.gpu, share.memory_mib) for share in shared] == [("0", 40_000), ("1", 0), ("0", 40_000)]
