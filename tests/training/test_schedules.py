import pytest

from tunebench.space.sections import EarlyStopping, ReduceLrOnPlateau, TrainingSection
from tunebench.training.schedules import Schedules

LOSSES = [1.0, 0.8, 0.8, 0.8, 0.7, 0.9, 0.9, 0.9, 0.9]


def follow(losses, section, state=None, rate=0.1):
    schedules, rates, stops = Schedules(section, state or {}), [], []
    for loss in losses:
        rate, stop = schedules.observe(loss, rate)
        rates.append(rate)
        stops.append(stop)
    return rates, stops, schedules.state()


def test_plateau_halves_after_its_patience_and_starts_counting_anew():
    section = TrainingSection(reduce_lr_on_plateau=ReduceLrOnPlateau(patience=2, factor=0.5))
    rates, stops, _ = follow(LOSSES, section)
    assert rates == [0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025, 0.025, 0.0125]
    assert not any(stops)


def test_plateau_never_goes_below_its_minimum_nor_raises_a_rate_that_is_lower():
    section = TrainingSection(reduce_lr_on_plateau=ReduceLrOnPlateau(patience=1, factor=0.1, minimum=0.02))
    assert follow([1.0] * 4, section)[0][-1] == 0.02
    assert follow([1.0] * 4, section, rate=0.001)[0][-1] == 0.001


@pytest.mark.parametrize(("patience", "epoch"), [(2, 3), (3, 7)])
def test_early_stopping_after_its_patience(patience, epoch):
    _, stops, _ = follow(LOSSES, TrainingSection(early_stopping=EarlyStopping(patience=patience)))
    assert stops.index(True) == epoch


def test_a_state_goes_on_where_it_was_taken():
    section = TrainingSection(
        reduce_lr_on_plateau=ReduceLrOnPlateau(patience=2), early_stopping=EarlyStopping(patience=4)
    )
    whole = follow(LOSSES, section)
    for cut in range(len(LOSSES)):
        head = follow(LOSSES[:cut], section)
        tail = follow(LOSSES[cut:], section, head[2], rate=head[0][-1] if cut else 0.1)
        assert head[0] + tail[0] == whole[0]
        assert head[1] + tail[1] == whole[1]


def test_without_sections_nothing_happens():
    assert follow([1.0] * 5, TrainingSection()) == ([0.1] * 5, [False] * 5, {})
