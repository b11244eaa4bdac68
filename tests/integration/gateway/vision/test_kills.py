"""A gateway that is killed while people annotate images: what it confirmed is there, whole and once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from uuid import uuid4

import httpx

from tests.integration.gateway.vision.conftest import OpenGateway
from tests.integration.gateway.vision.world import Json, VisionGateway, boxed, picture
from tests.support.eventually import eventually

_ENOUGH = 12
_WORKERS = 3


@dataclass
class People:
    """They upload an image and annotate it again and again, until nobody answers any more."""

    gateway: VisionGateway
    confirmed: list[Json] = field(default_factory=list)
    """Submissions that were answered."""
    uncertain: list[tuple[str, str]] = field(default_factory=list)
    """(file, id) of submissions whose answer never came."""
    kept: dict[str, bytes] = field(default_factory=dict)
    """Images by the id that their upload was answered with."""

    def work(self, worker: int) -> None:
        number = 0
        try:
            while True:
                number += 1
                data = picture(1000 * worker + number)
                file = self.gateway.kept(data)["id"]
                self.kept[file] = data
                identity = str(uuid4())
                self.uncertain.append((file, identity))
                self.confirmed.append(self.gateway.submitted(file, [boxed(), boxed("dog")], id=identity))
                self.uncertain.remove((file, identity))
        except httpx.TransportError:
            return


def test_killed_while_people_annotate_nothing_that_was_confirmed_is_lost_or_doubled(open_gateway: OpenGateway) -> None:
    first = open_gateway()
    people = People(first)
    with ThreadPoolExecutor(_WORKERS) as pool:
        working = [pool.submit(people.work, worker) for worker in range(_WORKERS)]
        eventually(lambda: len(people.confirmed) >= _ENOUGH or any(one.done() for one in working))
        first.process.process.kill()
        for one in working:
            one.result()
    assert len(people.confirmed) >= _ENOUGH
    second = open_gateway()
    for file, identity in people.uncertain:  # a client that had no answer sends it again
        again = [second.submitted(file, [boxed(), boxed("dog")], id=identity) for _ in range(2)]
        assert again[0] == again[1]
        people.confirmed.append(again[0])
    found = second.found({}, selection="All", page_size=200, figures=True)
    said = {one["submission"]["id"]: one["submission"] for one in found["results"]}
    assert said == {one["id"]: one for one in people.confirmed}
    assert sorted(one["sequence"] for one in said.values()) == list(range(1, len(said) + 1)), "no gap, none twice"
    assert {one["name"]: one["objects"] for one in found["figures"]["classes"]} == {"cat": len(said), "dog": len(said)}
    for file, data in people.kept.items():
        assert second.call("GET", f"files/{file}/content").content == data
