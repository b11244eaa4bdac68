"""Which part of the data a document belongs to: every fifth to Dev, by content, for ever.

Contents are numbered as they are first annotated; each block of five has one Dev, at a place that is drawn from the
capability's name and the block's number: anybody can compute it again, nobody can steer it by the order of the uploads
without being seen, and after 5 n contents there are exactly n in Dev.
"""

from __future__ import annotations

import hashlib

from capforge_contracts.dataset import Split
from capforge_gateway.documents.ports import Owner

BLOCK = 5
"""Contents of which one is Dev."""


def role_of(owner: Owner, ordinal: int) -> Split:
    """Return the role of the content that was annotated as number `ordinal` (from 0) of its capability."""
    block, place = divmod(ordinal, BLOCK)
    return Split.DEV if place == _place_of_dev(owner, block) else Split.TRAIN


def _place_of_dev(owner: Owner, block: int) -> int:
    seed = f"{owner.namespace}/{owner.capability}/{block}".encode()
    return int.from_bytes(hashlib.sha256(seed).digest()[:8], "big") % BLOCK
