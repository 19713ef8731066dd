"""What a search will cost, in the terminal; and output that nobody reads to its end."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable

import pytest


def test_plan(invoke: Callable, write_space: Callable) -> None:
    said = invoke("plan", write_space())
    assert said.code == 0, said.err
    assert "10 configurations in 15 trials, 30 epochs; then 4 repeats of the finalists, 16 epochs" in said.out
    assert "0 of 1000 random draws cannot be built" in said.out
    assert "1 structure to compile:" in said.out
    assert "no earlier search on this data and machine says; --measure does" in said.out


def test_plan_counts_infeasible_draws(invoke: Callable, write_space: Callable) -> None:
    said = invoke("plan", write_space(("hop_length: 128", "hop_length: {choice: [128, 512]}")))
    assert said.code == 0, said.err
    share = re.search(r"(\d+) of 1000 random draws cannot be built", said.out)
    assert share is not None
    assert 150 < int(share[1]) < 350
    assert "hop_length 512 is larger than n_fft 256" in said.out


@pytest.mark.slow
def test_plan_that_measures(invoke: Callable, write_space: Callable) -> None:
    said = invoke("plan", write_space(), "--measure")
    assert said.code == 0, said.err
    assert re.search(r"measured.*about \d+ min.* 3 steps an epoch.*MiB", " ".join(said.out.split()))
    row = re.search(
        r"cnn-\w+ +│ +100% │ +([\d.]+) │ +([\d.]+) │ +([\d.]+) │ +([\d.]+) │ +([\d.]+) ", said.out
    )
    assert row is not None
    compile_s, epoch_s, state_mib, activations_mib, mib = map(float, row.groups())
    assert compile_s > epoch_s > 0
    assert mib == pytest.approx(state_mib + activations_mib, rel=0.02)
    assert min(state_mib, activations_mib) > 0


def test_output_that_is_not_read_to_its_end() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tunebench", "schema"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
