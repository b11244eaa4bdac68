"""What is remembered about namespaces, and what never is."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from capforge_operator.adapters.tenants import RememberedTenants
from capforge_operator.ports import PortError
from tests.support.clocks import HandScheduler


@dataclass
class Counted:
    """The port Tenants; counts."""

    lacking: list[str] = field(default_factory=list)
    asked: int = 0
    down: bool = False

    async def missing(self, _namespace: str) -> list[str]:
        self.asked += 1
        await asyncio.sleep(0)
        if self.down:
            raise PortError("down")
        return self.lacking


@pytest.fixture
def clock() -> HandScheduler:
    return HandScheduler()


async def test_a_prepared_namespace_is_asked_about_once_a_minute(clock: HandScheduler):
    tenants = Counted()
    remembered = RememberedTenants(tenants, clock.time)
    for _ in range(3):
        assert await remembered.missing("team") == []
    assert tenants.asked == 1
    clock.advance(61)
    tenants.lacking = ["Secret x"]
    assert await remembered.missing("team") == ["Secret x"]


async def test_whoever_prepares_a_namespace_is_believed_at_once(clock: HandScheduler):
    tenants = Counted(["Secret x"])
    remembered = RememberedTenants(tenants, clock.time)
    assert await remembered.missing("team") == ["Secret x"]
    tenants.lacking = []
    assert await remembered.missing("team") == []


async def test_callers_of_one_moment_share_the_answer(clock: HandScheduler):
    tenants = Counted(["Secret x"])
    remembered = RememberedTenants(tenants, clock.time)
    assert await asyncio.gather(*(remembered.missing("team") for _ in range(5))) == [["Secret x"]] * 5
    assert tenants.asked == 1


async def test_a_failure_is_told_to_all_who_asked_and_not_remembered(clock: HandScheduler):
    tenants = Counted(down=True)
    remembered = RememberedTenants(tenants, clock.time)
    found = await asyncio.gather(*(remembered.missing("team") for _ in range(2)), return_exceptions=True)
    assert all(isinstance(one, PortError) for one in found)
    tenants.down = False
    assert await remembered.missing("team") == []
