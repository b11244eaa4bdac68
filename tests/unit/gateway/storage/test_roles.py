"""Every fifth content is Dev, in blocks, by name alone."""

from __future__ import annotations

import subprocess
import sys

from capforge_contracts.dataset import Split
from capforge_gateway.documents.ports import Owner
from capforge_gateway.documents.roles import BLOCK, role_of

RECEIPTS = Owner("acme", "receipts")


def devs(owner: Owner, contents: int) -> list[int]:
    return [number for number in range(contents) if role_of(owner, number) is Split.DEV]


def test_each_block_of_five_has_one_dev_and_nothing_is_test() -> None:
    assert [number // BLOCK for number in devs(RECEIPTS, 500)] == list(range(100))
    assert {role_of(RECEIPTS, number) for number in range(500)} == {Split.TRAIN, Split.DEV}


def test_the_place_in_a_block_is_not_always_the_same_nor_that_of_another_capability() -> None:
    places = [number % BLOCK for number in devs(RECEIPTS, 500)]
    assert min(places.count(place) for place in range(BLOCK)) >= 8
    for other in (Owner("acme", "letters"), Owner("other", "receipts")):
        assert devs(other, 500) != devs(RECEIPTS, 500)


def test_roles_are_the_same_in_every_process() -> None:
    """They are written down, and two gateways must still agree on the next one."""
    code = (
        "from capforge_gateway.documents.ports import Owner\n"
        "from capforge_gateway.documents.roles import role_of\n"
        "print([n for n in range(50) if role_of(Owner('acme', 'receipts'), n) == 'Dev'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(devs(RECEIPTS, 50))


def test_the_draw_never_changes_between_releases() -> None:
    assert devs(RECEIPTS, 30) == [0, 9, 10, 17, 23, 26]
