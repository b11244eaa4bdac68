"""What is printed at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchmarks.operator.figures import Burst, Rest, aims, middle

_REST: tuple[tuple[str, Callable[[Rest], float]], ...] = (
    ("all looked at after a start [s]", lambda one: one.settle_seconds),
    ("CPU of that per object [ms]", lambda one: one.settle_cpu_ms),
    ("change to status p50 [ms]", lambda one: one.p50_ms),
    ("change to status p99 [ms]", lambda one: one.p99_ms),
    ("the same while all is resynced [ms]", lambda one: one.resyncing_p99_ms),
    ("API calls per change", lambda one: one.calls_per_change),
    ("of these writes", lambda one: one.writes_per_change),
    ("S3 calls per change", lambda one: one.store_calls_per_change),
    ("CPU per change [ms]", lambda one: one.cpu_ms_per_change),
    ("writes at rest, two resyncs", lambda one: one.writes_at_rest),
    ("writes on restart", lambda one: one.writes_on_restart),
    ("memory, nothing there [MB]", lambda one: one.start_megabytes),
    ("memory [MB]", lambda one: one.full_megabytes),
    ("memory per object [KiB]", lambda one: one.kibibytes_each),
)
_BURST: tuple[tuple[str, Callable[[Burst], float]], ...] = (
    ("creates per second", lambda one: one.per_second),
    ("create to status p50 [ms]", lambda one: one.p50_ms),
    ("create to status p99 [ms]", lambda one: one.p99_ms),
    ("API calls each", lambda one: one.calls_each),
    ("of these writes", lambda one: one.writes_each),
    ("CPU each [ms]", lambda one: one.cpu_ms_each),
    ("API server and etcd, CPU each [ms]", lambda one: one.server_cpu_ms_each),
    ("memory [MB]", lambda one: one.megabytes),
)


def report(rests: Sequence[Rest], ours: Sequence[Burst], theirs: Sequence[Burst]) -> bool:
    """Print the tables and the aims; True if all were met."""
    if rests:
        print("\nat rest: capabilities, each with a finished run", *(f"{one.capabilities:10d}" for one in rests))
        for title, value in _REST:
            print(f"  {title:45s}", *(f"{value(one):10.2f}" for one in rests))
    if ours:
        heads = [one[0] for one in (ours, theirs) if one]
        print(f"\nburst of {ours[0].creates} creates, median of {len(ours)}", *(f"{one.program:>18s}" for one in heads))
        for title, value in _BURST:
            print(f"  {title:36s}", *(f"{middle(one, value):18.2f}" for one in (ours, theirs) if one))
    print()
    found = aims(rests, ours, theirs)
    for aim in found:
        print(aim)
    return all(aim.met for aim in found)
