"""Which item is for training, which for dev, which for test. Pure.

Items are put in an order that depends only on their content and the seed; the first share is Dev, the next Test, the
rest Train. So the shares are exact, names and file order play no role, and when a dataset grows only items next to a
border change sides.
"""

from __future__ import annotations

from collections.abc import Iterable

from capforge_contracts.dataset import Split, SplitSpec
from capforge_contracts.model import sha256_hex

_PERCENT = 100


def assign(digests: Iterable[str], spec: SplitSpec | None) -> dict[str, Split]:
    """Return the part of each item, by the sha256 of its bytes.

    A share above 0 percent gets at least one item if there are two or more.
    """
    if spec is None:
        return dict.fromkeys(digests, Split.TRAIN)
    ordered = sorted(set(digests), key=lambda digest: (sha256_hex(f"{spec.seed}:{digest}".encode()), digest))
    dev = _share(len(ordered), spec.dev_percent)
    test = min(_share(len(ordered), spec.test_percent), len(ordered) - dev)
    return {
        digest: Split.DEV if rank < dev else Split.TEST if rank < dev + test else Split.TRAIN
        for rank, digest in enumerate(ordered)
    }


def _share(items: int, percent: int) -> int:
    exact = (items * percent + _PERCENT // 2) // _PERCENT
    return max(exact, 1) if percent and items > 1 else exact
