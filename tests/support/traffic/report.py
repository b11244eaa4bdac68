"""What may be claimed about the requests of a window. Pure: records in, AssertionError out.

Every claim fails when too few requests were made in the window: silence proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from tests.support.traffic.record import Outcome, Record

LEAST_REQUESTS = 20
_LISTED = 8
_MILLISECONDS = 1000


@dataclass(frozen=True)
class Window:
    """A closed window; times in seconds on the machine's monotonic clock."""

    begin: float
    end: float
    records: Sequence[Record]
    """Everything from the beginning of the traffic to a moment after the window."""


class Report:
    """The requests around one event: open until the end of its `with`, or until it is first asked for anything."""

    def __init__(self, name: str, close: Callable[[], Window]) -> None:
        self.name = name
        self._close = close

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            print(self, flush=True)  # noqa: T201 - the figures of a run (pytest -s, or beside a failure)

    @cached_property
    def window(self) -> Window:
        """Close the window, once."""
        return self._close()

    @property
    def during(self) -> list[Record]:
        """The requests that were under way at any moment of the window."""
        return [one for one in self.window.records if one.started <= self.window.end and one.ended >= self.window.begin]

    @property
    def before(self) -> list[Record]:
        """The requests that ended before the window."""
        return [one for one in self.window.records if one.ended < self.window.begin]

    @property
    def after(self) -> list[Record]:
        """The requests that started after the window."""
        return [one for one in self.window.records if one.started > self.window.end]

    @property
    def errors(self) -> list[Record]:
        """What did not bring a prediction, from the window's begin on."""
        return [one for one in (*self.during, *self.after) if not one.answered]

    @property
    def versions(self) -> set[str]:
        """The versions that answered in the window."""
        return {one.version for one in self.during if one.answered}

    @property
    def reconnects(self) -> int:
        """Connections found closed while idle, from the window's begin on."""
        return sum(one.reconnects for one in (*self.during, *self.after))

    @property
    def resent(self) -> int:
        """Requests sent a second time, from the window's begin on."""
        return sum(one.resent for one in (*self.during, *self.after))

    def assert_no_errors(self, at_least: int = LEAST_REQUESTS) -> None:
        """Every request was answered with a prediction."""
        self._assert_enough(at_least)
        assert not self.errors, f"{len(self.errors)} requests failed; {self}{self._listed(self.errors)}"

    def assert_only_versions(self, versions: Collection[str], at_least: int = LEAST_REQUESTS) -> None:
        """Only these versions (`v1.1`) answered, and every one of them did."""
        self._assert_enough(at_least)
        assert self.versions == set(versions), f"answered: {sorted(self.versions)}; {self}"

    def assert_versions_only_rise(self, at_least: int = LEAST_REQUESTS) -> None:
        """At each gateway no request that began after a newer version had answered got an older one."""
        self._assert_enough(at_least)
        fallen = [one for gateway in self._by_gateway() for one in _fallen(gateway)]
        assert not fallen, f"{len(fallen)} answers of an older version after a newer one; {self}{self._listed(fallen)}"

    def assert_all_within(self, seconds: float, at_least: int = LEAST_REQUESTS) -> None:
        """No request took longer."""
        self._assert_enough(at_least)
        late = [one for one in (*self.during, *self.after) if one.seconds > seconds]
        assert not late, f"{len(late)} requests took more than {seconds:g} s; {self}{self._listed(late)}"

    def assert_ended_politely(self, at_least: int = LEAST_REQUESTS) -> None:
        """No request had to be sent again because its connection ended under it."""
        self._assert_enough(at_least)
        again = [one for one in (*self.during, *self.after) if one.resent]
        assert not again, f"{len(again)} requests were sent again; {self}{self._listed(again)}"

    def __str__(self) -> str:
        """One line: how many, how long before, during and after, what went wrong."""
        spans = ", ".join(
            f"{label} {latencies(records)}"
            for label, records in (("before", self.before), ("during", self.during), ("after", self.after))
        )
        counts = f"{len(self.errors)} errors, {self.reconnects} reconnects, {self.resent} resent"
        versions = ", ".join(sorted(self.versions)) or "none"
        return f"{self.name}: {self.window.end - self.window.begin:.1f} s, {spans}; {counts}; answered by {versions}"

    def _assert_enough(self, at_least: int) -> None:
        made = len(self.during)
        assert made >= at_least, f"only {made} requests in the window, {at_least} are needed to claim anything; {self}"

    def _by_gateway(self) -> list[list[Record]]:
        found = [one for one in (*self.during, *self.after) if one.answered]
        return [[one for one in found if one.address == address] for address in sorted({one.address for one in found})]

    def _listed(self, records: Sequence[Record]) -> str:
        lines = [_line(one, self.window.begin) for one in sorted(records, key=lambda one: one.started)[:_LISTED]]
        more = [f"… and {len(records) - _LISTED} more"] if len(records) > _LISTED else []
        return "".join(f"\n  {line}" for line in (*lines, *more))


def latencies(records: Sequence[Record]) -> str:
    """Sum up: count, median, 95th percentile, longest."""
    if not records:
        return "n=0"
    times = sorted(one.seconds * _MILLISECONDS for one in records)
    median, slow = times[len(times) // 2], times[min(len(times) - 1, len(times) * 95 // 100)]
    return f"n={len(times)} p50={median:.0f} p95={slow:.0f} max={times[-1]:.0f} ms"


def minor(version: str) -> tuple[int, ...]:
    """Return the numbers of `v1.12`, which sort as versions do."""
    return tuple(int(part) for part in version.removeprefix("v").split("."))


def _fallen(records: Sequence[Record]) -> list[Record]:
    ended = sorted(records, key=lambda one: one.ended)
    fallen: list[Record] = []
    newest: tuple[int, ...] = ()
    seen = 0
    for one in sorted(records, key=lambda one: one.started):
        while seen < len(ended) and ended[seen].ended < one.started:
            newest = max(newest, minor(ended[seen].version))
            seen += 1
        if minor(one.version) < newest:
            fallen.append(one)
    return fallen


def _line(record: Record, begin: float) -> str:
    what = (
        f"{record.status} {record.version}"
        if record.outcome is Outcome.ANSWERED
        else f"{record.outcome} {record.status}"
    )
    took = f"{record.seconds * _MILLISECONDS:.0f} ms"
    return f"{record.started - begin:+.3f} s, {record.address}, client {record.client}, {took}: {what} {record.detail}"
