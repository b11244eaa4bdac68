"""The pace of training and its learning rate."""

from __future__ import annotations

import pytest

from capforge_trainer.config import OptimizerParameters
from capforge_trainer.fit.schedule import Pace, evaluation_marks, learning_rate


def _run(pace: Pace, seconds_of_step: list[float]) -> list[float]:
    spent, seen = 0.0, []
    for seconds in seconds_of_step:
        spent += seconds
        pace.advance(spent)
        seen.append(pace.progress)
        if pace.done:
            break
    return seen


def test_the_number_of_steps_is_the_limit_where_time_abounds():
    seen = _run(Pace(total_steps=4, budget_seconds=1e6), [1.0] * 10)
    assert seen == pytest.approx([0.25, 0.5, 0.75, 1.0])


def test_the_schedule_fits_into_the_time():
    pace = Pace(total_steps=10_000, budget_seconds=50.0)
    seen = _run(pace, [1.0] * 100)
    assert pace.seconds <= 50
    assert pace.steps >= 49
    assert seen == sorted(seen)
    assert seen[-1] == 1


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([5.0] * 4 + [0.5] * 500, id="a machine that becomes faster"),
        pytest.param([0.5] * 60 + [4.0] * 100, id="a machine that becomes slower"),
        pytest.param([8.0] + [0.2] * 1000, id="a slow first step"),
    ],
)
def test_progress_never_goes_back_and_ends_with_the_time(steps: list[float]):
    pace = Pace(total_steps=100_000, budget_seconds=100.0)
    seen = _run(pace, steps)
    assert seen == sorted(seen)
    assert pace.done
    assert 85 <= pace.seconds <= 100 + max(steps)


def test_the_last_evaluation_is_paid_from_the_time():
    pace = Pace(total_steps=10_000, budget_seconds=50.0, reserved_seconds=10.0)
    _run(pace, [1.0] * 100)
    assert pace.seconds <= 40


def test_one_step_longer_than_the_budget_ends_training():
    pace = Pace(total_steps=100, budget_seconds=1.0)
    assert _run(pace, [30.0]) == [1.0]


def test_the_rate_rises_then_falls_to_nearly_nothing():
    parameters = OptimizerParameters(learning_rate=0.01, warmup_steps=9)
    rising = [learning_rate(parameters, step, 0.0) for step in range(10)]
    assert rising == sorted(rising)
    assert rising[-1] == pytest.approx(0.01)
    falling = [learning_rate(parameters, 100, progress / 10) for progress in range(11)]
    assert falling == sorted(falling, reverse=True)
    assert falling[-1] == pytest.approx(0.0001)


@pytest.mark.parametrize("number", [1, 2, 8])
def test_dev_is_evaluated_at_the_end_at_the_latest(number: int):
    marks = evaluation_marks(number)
    assert len(marks) == number
    assert marks == sorted(marks)
    assert marks[-1] == 1.0
