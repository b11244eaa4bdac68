"""What the object store knows about capabilities, while several ask at once."""

from __future__ import annotations

import pytest

from capforge_operator.controllers.catalogue import Catalogue
from tests.support.twins.world import MemoryStore
from tests.unit.operator.serving_world import published


async def test_an_entry_that_a_listing_finds_while_it_is_appended_is_one_entry(monkeypatch: pytest.MonkeyPatch):
    store, seconds = MemoryStore(), [0.0]
    catalogue = Catalogue(store, lambda: seconds[0])
    await catalogue.read("team-a", "cells")
    put_new = store.put_new

    async def overtaken(key: str, data: bytes) -> None:
        await put_new(key, data)
        seconds[0] += 4000
        await catalogue.read("team-a", "boards")

    monkeypatch.setattr(store, "put_new", overtaken)
    assert await catalogue.append("team-a", "cells", published(1))
    assert [one.sequence for one in (await catalogue.read("team-a", "cells")).entries] == [1]
