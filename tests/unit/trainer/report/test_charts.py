"""Charts, curves of training, precision by recall: the numbers behind what is drawn."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capforge_trainer.report.charts import Series, line_chart, number, round_numbers
from capforge_trainer.report.curves import training_charts
from capforge_trainer.report.trades import trade
from tests.unit.trainer.report.told import ROWS


@settings(deadline=None)
@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_ticks_are_few_rising_and_inside(low: float, width: float) -> None:
    ticks = round_numbers(low, low + width)
    assert 1 <= len(ticks) <= 7
    assert all(before < after for before, after in pairwise(ticks))
    assert ticks[0] >= low - 1e-6 * width
    assert ticks[-1] <= low + width * (1 + 1e-6)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.5, "0.5"),
        (1.0, "1"),
        (0.30000000000000004, "0.3"),
        (12345, "12,345"),
        (0.00012, "1e-4"),
        (-2, "-2"),
    ],
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize("points", [1, 2, 3000])
def test_a_chart_stays_in_its_frame_whatever_the_data(points: int) -> None:
    random = np.random.default_rng(points)
    y = random.normal(0, 1e3, points)
    chart = line_chart("Loss", "step", [Series("loss", np.arange(points), y), Series("flat", [0], [0])])
    for line in chart.lines:
        places = np.array([part.split() for part in line.path.replace("L", "M").split("M")[1:]], float)
        assert len(places) <= 400
        assert ((places[:, 0] >= chart.left) & (places[:, 0] <= chart.right)).all()
        assert ((places[:, 1] >= chart.top) & (places[:, 1] <= chart.bottom)).all()


def test_the_curves_of_training_are_over_epochs_and_each_kind_has_its_own() -> None:
    charts = training_charts(ROWS, "epoch")
    assert [(one.title, one.x_label, [line.name for line in one.lines]) for one in charts] == [
        ("Loss", "epoch", ["loss"]),
        ("On dev", "epoch", ["map50", "map50 95"]),
        ("Learning rate", "epoch", ["learning rate"]),
    ]
    dots = charts[1].lines[0].dots
    assert [text for *_, text in dots] == ["1.5: 0.2", "2: 0.7"], "a look at dev in the middle of an epoch"


def test_what_is_no_number_is_no_curve() -> None:
    rows = [{"step": 1, "loss": float("nan"), "note": "x", "flag": True}, {"step": 2, "loss": 1.0}]
    (chart,) = training_charts(rows, "step")
    assert [(line.name, len(line.dots)) for line in chart.lines] == [("loss", 1)]
    assert training_charts([], "epoch") == []


def area(scores: np.ndarray, correct: np.ndarray, present: int) -> float:
    """Average precision by its definition: for each object the best precision at its recall or a higher one."""
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(correct[order])
    precision = hits / np.arange(1, len(hits) + 1)
    best = [precision[hits >= count].max() for count in range(1, int(hits[-1]) + 1)]
    return float(sum(best)) / present


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=60), st.integers(0, 5))
def test_precision_by_recall_is_what_average_precision_counts(answers: list[tuple[int, bool]], missed: int) -> None:
    scores, correct = np.array([one / 20 for one, _ in answers]), np.array([right for _, right in answers])
    present = int(correct.sum()) + missed
    found = trade("disc", scores, correct, present, 0.5)
    if not correct.any():
        assert found is None
        return
    assert found is not None
    assert found.average_precision == pytest.approx(area(scores, correct, present))
    assert (np.diff(found.recall) >= 0).all()
    assert (np.diff(found.precision) <= 0).all()
    taken = scores >= 0.5
    if taken.any():
        right = int(correct[taken].sum())
        assert found.chosen == pytest.approx((right / present, right / int(taken.sum())))
    else:
        assert found.chosen is None
