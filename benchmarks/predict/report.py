"""The lines that are printed. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from benchmarks.predict.aims import Rounds, Verdict
from benchmarks.predict.catalogue import GATEWAY, ON_ONE_THREAD, TITLES
from benchmarks.predict.figures import Round, Total, as_json, compared, strangers_cores

_MEBIBYTE = 1024 * 1024
_NOISY_CORES = 0.1
_TITLE = max(len(title) for title in TITLES.values())
_AIM = 46


def table(connections: int, rounds: Rounds, cores: int) -> Iterator[str]:
    """Yield one number of connections: a line for each peer."""
    plural = "" if connections == 1 else "s"
    yield ""
    yield f"{connections} connection{plural}"
    yield (
        f"  {'':{_TITLE}}  {'answers/s (range)':>20} {'p50 ms':>8} {'p99 ms':>8}"
        f"  {'ours / it':>17} {'CPU allows':>13}  CPU ms/request (client's share)  own MiB (largest process)"
    )
    ours = rounds.get(GATEWAY)
    for key, measured in rounds.items():
        yield f"  {TITLES[key]:{_TITLE}}  {_line(key, measured, ours, cores)}"
    strangers = strangers_cores([one for each in rounds.values() for one in each])
    if strangers > _NOISY_CORES:
        yield f"  NOT QUIET: other processes took {strangers:.2f} of the machine's cores meanwhile (we may use {cores})"


def _line(key: str, measured: Sequence[Round], ours: Sequence[Round] | None, cores: int) -> str:
    total = Total.of(measured)
    ratio = compared(ours, measured, lambda one: one.rate).text() if ours else ""
    spent = " + ".join(f"{name} {cpu:.2f}" for name, cpu in total.cpu_ms.items())
    whole = f" = {total.server_cpu_ms:.2f}" if len(total.cpu_ms) > 1 else ""
    client = f" ({total.client_cpu_ms:.2f}, {100 * total.client_share:.0f} %)" if total.client_share else ""
    held = total.front_memory
    memory = f"{held.total_bytes / _MEBIBYTE:.0f} ({held.largest_bytes / _MEBIBYTE:.0f})"
    speed = f"{total.rate.text(0):>20} {total.p50_ms:8.2f} {total.p99_ms:8.2f}  {ratio:>17}"
    return f"{speed} {total.allowed(cores, key in ON_ONE_THREAD):11.0f}/s  {spent}{whole}{client}  {memory}"


def aims(found: Sequence[Verdict]) -> Iterator[str]:
    """Yield the aims with what was seen and whether that is enough."""
    if not found:
        return
    yield ""
    yield f"  {'our gateway against the aims':{_AIM}} {'':5}  {'median (range)':>22} {'by CPU':>7}  aim"
    for one in found:
        at = f"at {one.aim.connections}"
        cpu = f"{one.by_cpu:.2f}" if one.by_cpu else ""
        yield f"  {one.aim.said:{_AIM}} {at:>5}  {one.seen.text():>22} {cpu:>7}  {one.aim.wanted:8} {one.word}".rstrip()


def figures_for_file(measured: Mapping[int, Rounds], found: Sequence[Verdict]) -> dict[str, object]:
    """Return everything for --json."""
    return {
        "connections": {
            str(count): {key: [as_json(one) for one in each] for key, each in rounds.items()}
            for count, rounds in measured.items()
        },
        "aims": [
            {"aim": one.aim.said, "wanted": one.aim.wanted, "seen": vars(one.seen), "word": one.word} for one in found
        ],
    }
