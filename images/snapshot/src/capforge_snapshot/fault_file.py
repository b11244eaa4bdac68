"""The complete list of faults in the store, and the few that a result shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from capforge_contracts.dataset import FAULTS_IN_RESULT, Fault
from capforge_contracts.store import ObjectStore


def write_faults(
    faults: Callable[[], Iterator[Fault]], store: ObjectStore, key: str, path: Path
) -> tuple[Counter[str], list[Fault]]:
    """Write all faults under `key` by way of a local file; return how many of each code there are, and the first."""
    with path.open("wb") as file:
        file.writelines(fault.to_json() + b"\n" for fault in faults())
    store.put_file(key, path)
    return Counter(fault.code for fault in faults()), list(islice(faults(), FAULTS_IN_RESULT))
