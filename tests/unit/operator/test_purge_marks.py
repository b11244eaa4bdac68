"""The marks of a purge: one listing for all datasets of a namespace, made anew after an hour."""

from __future__ import annotations

from dataclasses import dataclass, field

from capforge_contracts import layout
from capforge_contracts.store import ObjectInfo
from capforge_operator.controllers.purge_marks import PurgeMarks
from tests.support.twins.world import MemoryStore

ONE, TWO = "1" * 64, "2" * 64
A, B = "a" * 64, "b" * 64


@dataclass
class CountedStore(MemoryStore):
    """Remembers what was listed."""

    listed: list[str] = field(default_factory=list)

    async def list(self, prefix: str) -> list[ObjectInfo]:
        self.listed.append(prefix)
        return await super().list(prefix)


def marked(store: MemoryStore, namespace: str, digest: str, *contents: str) -> None:
    for content in contents:
        store.objects.put(layout.purged_item(namespace, digest, content), b"{}")


async def test_one_listing_serves_all_datasets_of_a_namespace_for_an_hour():
    store, now = CountedStore(), [0.0]
    store.objects.put(layout.manifest("team-a", ONE), b"{}")
    marked(store, "team-a", ONE, A, B)
    marks = PurgeMarks(store, lambda: now[0])
    assert await marks.known("team-a", ONE) == {A, B}
    assert await marks.known("team-a", TWO) == frozenset()
    marked(store, "team-a", TWO, A)
    now[0] = 3600.0
    assert await marks.known("team-a", TWO) == frozenset()
    assert store.listed == ["team-a/manifests/"]
    now[0] = 3601.0
    assert await marks.known("team-a", TWO) == {A}
    assert await marks.known("team-b", TWO) == frozenset()
