"""A report claims nothing that the requests do not show."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.traffic.record import Outcome, Record
from tests.support.traffic.report import Report, Window

GATEWAY, OTHER = "http://127.0.0.1:1", "http://127.0.0.1:2"


def request(
    started: float, version: str = "v1.1", *, seconds: float = 0.01, address: str = GATEWAY, resent: int = 0
) -> Record:
    return Record(0, address, started, seconds, Outcome.ANSWERED, 200, version, resent=resent)


def failed(started: float) -> Record:
    return Record(1, GATEWAY, started, 0.5, Outcome.REFUSED, 503, detail='{"message": "no model server"}')


def report(*extra: Record, version: str = "v1.1", count: int = 30) -> Report:
    """A window from 10 s to 13 s with a request every 0.1 s, one before and one after."""
    regular = [request(10 + index / 10, version) for index in range(count)]
    return Report("test", lambda: Window(10, 13, [request(1), *regular, *extra, request(14, version)]))


def test_a_quiet_window_passes_every_claim() -> None:
    seen = report()
    seen.assert_no_errors()
    seen.assert_only_versions({"v1.1"})
    seen.assert_versions_only_rise()
    seen.assert_all_within(1)
    seen.assert_ended_politely()
    assert str(seen) == (
        "test: 3.0 s, before n=1 p50=10 p95=10 max=10 ms, during n=30 p50=10 p95=10 max=10 ms, "
        "after n=1 p50=10 p95=10 max=10 ms; 0 errors, 0 reconnects, 0 resent; answered by v1.1"
    )


@pytest.mark.parametrize(
    "claim",
    [
        lambda seen: seen.assert_no_errors(),
        lambda seen: seen.assert_only_versions({"v1.1"}),
        lambda seen: seen.assert_versions_only_rise(),
        lambda seen: seen.assert_all_within(1),
        lambda seen: seen.assert_ended_politely(),
    ],
    ids=["errors", "versions", "rising", "latency", "politeness"],
)
def test_too_few_requests_prove_nothing(claim: Callable[[Report], None]) -> None:
    with pytest.raises(AssertionError, match="only 5 requests in the window, 20 are needed"):
        claim(report(count=5))


def test_an_error_is_listed_with_when_and_what() -> None:
    with pytest.raises(AssertionError, match=r"1 requests failed(.|\n)*\+1\.500 s(.|\n)*Refused 503.*no model server"):
        report(failed(11.5)).assert_no_errors()


@pytest.mark.parametrize("started", [9.9, 13.0, 13.5], ids=["under way at the begin", "at the end", "just after"])
def test_errors_at_the_edges_count(started: float) -> None:
    with pytest.raises(AssertionError, match="1 requests failed"):
        report(failed(started)).assert_no_errors()


def test_errors_before_the_window_are_another_windows() -> None:
    report(failed(5)).assert_no_errors()


def test_another_version_in_the_window_is_told() -> None:
    with pytest.raises(AssertionError, match=r"answered: \['v1.1', 'v1.2'\]"):
        report(request(11, "v1.2")).assert_only_versions({"v1.1"})


def test_a_version_that_never_answered_is_told() -> None:
    with pytest.raises(AssertionError, match=r"answered: \['v1.1'\]"):
        report().assert_only_versions({"v1.1", "v1.2"})


def test_versions_rise_also_past_nine() -> None:
    report(request(15, "v1.10"), version="v1.9").assert_versions_only_rise()


def test_an_older_version_after_a_newer_one_is_told() -> None:
    with pytest.raises(AssertionError, match="answers of an older version after a newer one"):
        report(request(11, "v1.2")).assert_versions_only_rise()


def test_requests_side_by_side_may_get_either_version() -> None:
    side_by_side = request(12.95, "v1.2", seconds=0.3), request(13.0, "v1.1", seconds=0.2)
    seen = Report("test", lambda: Window(10, 13, [*(request(10 + n / 10) for n in range(25)), *side_by_side]))
    seen.assert_versions_only_rise()


def test_gateways_need_not_change_at_the_same_moment() -> None:
    early = [request(12.9 + n / 100, "v1.2", address=OTHER) for n in range(3)]
    seen = Report("test", lambda: Window(10, 13, [*(request(10 + n / 10) for n in range(30)), *early]))
    seen.assert_versions_only_rise()


def test_a_slow_answer_and_a_repeated_request_are_told() -> None:
    seen = report(request(11, seconds=1.5, resent=1))
    with pytest.raises(AssertionError, match="1 requests took more than 1 s"):
        seen.assert_all_within(1)
    with pytest.raises(AssertionError, match="1 requests were sent again"):
        seen.assert_ended_politely()


def test_a_window_closes_once() -> None:
    closed: list[int] = []

    def close() -> Window:
        closed.append(1)
        return Window(10, 13, [request(10 + n / 10) for n in range(30)])

    with Report("test", close) as seen:
        assert not closed
    seen.assert_no_errors()
    assert closed == [1]
