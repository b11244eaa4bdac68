"""The predict benchmark's statistics: what is printed follows from what was measured."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.predict import report
from benchmarks.predict.aims import AIMS, MANY, ONE, verdicts
from benchmarks.predict.catalogue import DIRECT, GATEWAY, KEYS, KSERVE_TRANSFORMER
from benchmarks.predict.figures import Round, Spread, Total, added, compared, strangers_cores
from benchmarks.predict.rounds import rotated
from benchmarks.predict.usage import Memory


def a_round(
    milliseconds: float = 2.0, count: int = 100, seconds: float = 1.0, strangers: float = 0.0, **cpu: float
) -> Round:
    """A slice in which every answer took the same time."""
    return Round(
        seconds=seconds,
        latencies=np.full(count, milliseconds / 1000),
        cpu_seconds=cpu or {"gateway": 0.1, "Triton": 0.2},
        client_cpu_seconds=0.05,
        strangers_cpu_seconds=strangers,
        memory=Memory(300_000_000, 90_000_000),
        front_memory=Memory(90_000_000, 90_000_000),
    )


def test_a_ratio_is_taken_within_each_round() -> None:
    ours = [a_round(count=90), a_round(count=40)]  # the second round fell on a busy machine, for both
    theirs = [a_round(count=100), a_round(count=50)]
    assert vars(compared(ours, theirs, lambda one: one.rate)) == pytest.approx(
        {"median": 0.85, "low": 0.8, "high": 0.9}
    )


def test_a_difference_is_taken_within_each_round() -> None:
    ours, theirs = [a_round(1.5), a_round(9.5)], [a_round(1.0), a_round(9.0)]
    spread = added(ours, theirs, lambda one: one.percentile(50))
    assert (spread.median, spread.low, spread.high) == pytest.approx((0.5, 0.5, 0.5))


def test_rounds_of_different_number_are_not_compared() -> None:
    with pytest.raises(ValueError, match="longer"):
        compared([a_round()], [a_round(), a_round()], lambda one: one.rate)


def test_a_spread_reads_as_median_and_range() -> None:
    assert Spread.of([0.7, 0.61, 0.65]).text() == "0.65 (0.61..0.70)"


def test_percentiles_are_those_of_all_answers_of_all_rounds() -> None:
    total = Total.of([a_round(1.0, count=98), a_round(50.0, count=2)])
    assert total.p50_ms == pytest.approx(1.0)
    assert total.p99_ms == pytest.approx(50.0)


def test_cpu_time_is_per_request_by_server_and_for_the_client() -> None:
    total = Total.of([a_round(count=100, gateway=0.1, Triton=0.3), a_round(count=300, gateway=0.3, Triton=0.1)])
    assert total.cpu_ms == pytest.approx({"gateway": 1.0, "Triton": 1.0})
    assert total.server_cpu_ms == pytest.approx(2.0)
    assert total.client_cpu_ms == pytest.approx(0.25)
    assert total.client_share == pytest.approx(0.1 / 0.9)


def test_cpu_time_says_what_the_cores_allow() -> None:
    total = Total.of([a_round(count=100, gateway=0.1, Triton=0.05)])  # 1 + 0.5 ms, and 0.5 ms of the client
    assert total.allowed(2) == pytest.approx(1000)
    assert total.allowed(4) == pytest.approx(2000)
    assert total.allowed(4, on_one_thread=True) == pytest.approx(1000)  # the gateway's own millisecond
    assert "1000/s" in "".join(report.table(8, {GATEWAY: [a_round(count=100, gateway=0.15)]}, cores=2))


def test_the_load_of_others_is_told_in_cores() -> None:
    assert strangers_cores([a_round(strangers=0.2), a_round(strangers=0.6, seconds=3.0)]) == pytest.approx(0.2)
    lines = list(report.table(1, {GATEWAY: [a_round(strangers=0.5)]}, cores=2))
    assert "NOT QUIET: other processes took 0.50" in lines[-1]


def test_every_peer_comes_first_and_last_in_some_round() -> None:
    orders = [rotated(["a", "b", "c"], number) for number in range(6)]
    assert {order[0] for order in orders} == {order[-1] for order in orders} == {"a", "b", "c"}
    assert all(sorted(order) == ["a", "b", "c"] for order in orders)


def test_an_aim_is_met_or_missed_by_the_median_and_says_so() -> None:
    fast, slow = [a_round(count=96)] * 3, [a_round(count=100)] * 3
    found = {one.aim.said: one for one in verdicts({MANY: {GATEWAY: fast, DIRECT: slow}}, cores=2)}
    assert found["throughput, of Triton direct"].word == "met"
    found = {one.aim.said: one for one in verdicts({MANY: {GATEWAY: [a_round(count=94)] * 3, DIRECT: slow}}, cores=2)}
    assert found["throughput, of Triton direct"].word == "missed"
    (line,) = [line for line in report.aims(list(found.values())) if "throughput, of Triton direct" in line]
    assert " ".join(line.split()) == "throughput, of Triton direct at 8 0.94 (0.94..0.94) 0.94 >= 0.95 missed"


def test_an_upper_bound_is_met_from_below() -> None:
    rounds = {GATEWAY: [a_round(1.4)], DIRECT: [a_round(1.0)]}
    (verdict,) = [one for one in verdicts({ONE: rounds}, cores=2) if one.aim.bound == 0.6]
    assert verdict.word == "met"
    assert verdict.seen.median == pytest.approx(0.4)


def test_what_was_not_measured_has_no_verdict() -> None:
    assert verdicts({ONE: {GATEWAY: [a_round()], KSERVE_TRANSFORMER: [a_round()]}}, cores=2) == []


def test_every_aim_names_known_peers() -> None:
    assert {aim.ours for aim in AIMS} | {aim.theirs for aim in AIMS} <= set(KEYS)


def test_every_peer_has_a_line_with_its_ratio_to_ours() -> None:
    lines = list(report.table(8, {GATEWAY: [a_round(count=50)], DIRECT: [a_round(count=100, Triton=0.1)]}, cores=2))
    (line,) = [line for line in lines if "Triton direct" in line]
    assert "0.50 (0.50..0.50)" in line
    assert "Triton 1.00 (0.50, 33 %)" in line
