"""Which version should answer, which does, and which are loaded."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from capforge_operator.domain.serving import Wish, choose
from tests.unit.operator.serving_world import releases


@dataclass(frozen=True)
class Case:
    exist: tuple[int, ...]
    ready: tuple[int, ...] = ()
    spreading: tuple[int, ...] = ()
    """Ready somewhere, and on their way elsewhere."""
    before: int | None = None
    pinned: int | None = None
    keep: int = 2
    target: int | None = None
    current: int | None = None
    loaded: tuple[int, ...] = field(default=())


CASES: dict[str, Case] = {
    "no version": Case(exist=()),
    "the first is being loaded": Case((1,), target=1, loaded=(1,)),
    "the first is ready": Case((1,), ready=(1,), target=1, current=1, loaded=(1,)),
    "a new one is being loaded: the old one answers": Case(
        (1, 2), ready=(1,), before=1, target=2, current=1, loaded=(2, 1)
    ),
    "a new one is ready in some pods only: the old one answers": Case(
        (1, 2), ready=(1, 2), spreading=(2,), before=1, target=2, current=1, loaded=(2, 1)
    ),
    "a new one is ready in some pods only, the old one nowhere": Case(
        (1, 2), ready=(2,), spreading=(2,), before=1, target=2, current=2, loaded=(2, 1)
    ),
    "the first is ready in some pods only": Case((1,), ready=(1,), spreading=(1,), target=1, current=1, loaded=(1,)),
    "a new one is ready": Case((1, 2), ready=(1, 2), before=1, target=2, current=2, loaded=(2, 1)),
    "the old champion stays loaded however old": Case(
        (1, 2, 3, 4), ready=(1,), before=1, target=4, current=1, loaded=(4, 3, 1)
    ),
    "after the change the old one goes": Case((1, 2, 3), ready=(2, 3), before=3, target=3, current=3, loaded=(3, 2)),
    "all pods restart: the same one goes on": Case((1, 2), before=2, target=2, current=2, loaded=(2, 1)),
    "the routes were lost: what is ready stands in": Case((1, 2), ready=(1,), target=2, current=1, loaded=(2, 1)),
    "pinned to an old one that must be loaded": Case(
        (1, 2, 3), ready=(3, 2), before=3, pinned=1, target=1, current=3, loaded=(3, 2, 1)
    ),
    "pinned and ready": Case((1, 2, 3), ready=(3, 2, 1), before=3, pinned=1, target=1, current=1, loaded=(3, 2, 1)),
    "pinned to one that is not there: nothing changes": Case(
        (1, 2), ready=(1, 2), before=2, pinned=9, current=2, loaded=(2, 1)
    ),
    "keep one": Case((1, 2, 3), ready=(3,), before=3, keep=1, target=3, current=3, loaded=(3,)),
    "what answered does not fit any more": Case((3,), before=1, target=3, loaded=(3,)),
}


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()])
def test_choice(case: Case):
    choice = choose(
        releases(*case.exist),
        Wish(f"1.{case.pinned}" if case.pinned else None, case.keep),
        f"1.{case.before}" if case.before else None,
        lambda release: release.version in {f"1.{minor}" for minor in case.ready},
        lambda release: release.version not in {f"1.{minor}" for minor in case.spreading},
    )
    assert choice.target == (releases(case.target)[0] if case.target else None)
    assert choice.current == (releases(case.current)[0] if case.current else None)
    assert [one.version for one in choice.loaded] == [f"1.{minor}" for minor in case.loaded]
