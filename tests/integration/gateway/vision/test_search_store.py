"""Every filter, and combinations of them, find what looking at everything finds."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from capforge_contracts.vision import AnnotationStatus, Search, Selection, VisionQuestion, VisionSubmission
from capforge_gateway.storage.vision import PostgresVision
from capforge_gateway.vision.ports import NEWEST, Place
from tests.integration.gateway.vision.conftest import open_vision
from tests.integration.gateway.vision.random_store import (
    ATTRIBUTES,
    CAPABILITIES,
    CLASSES,
    METADATA,
    NAMESPACE,
    RUNS,
    SOURCES,
    TYPES,
    USERS,
    Key,
    Known,
    figures_of,
    fill,
    looked_for,
)
from tests.support.postgres import Postgres

EXAMPLES = 40
CHECKED = settings(
    max_examples=EXAMPLES, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck), database=None
)


@dataclass(frozen=True)
class Scene:
    """A filled store, and what is in it."""

    store: PostgresVision
    known: Known
    runner: asyncio.Runner

    def found(self, searches: list[Search], selection: Selection, page_size: int = 7) -> list[Key]:
        """Read all pages."""
        return self.runner.run(self._found(searches, selection, page_size))

    async def _found(self, searches: list[Search], selection: Selection, page_size: int) -> list[Key]:
        found: list[Key] = []
        after: Place | None = None
        while True:
            page = await self.store.search(NAMESPACE, searches, selection, after, page_size)
            found += [(one.file.id, one.submission.sequence if one.submission else None) for one in page]
            if len(page) < page_size:
                return found
            last = page[-1]
            after = Place(last.file.created, last.file.id, last.submission.sequence if last.submission else 0)

    def stream(self, question: VisionQuestion) -> list[VisionSubmission]:
        async def lines() -> list[bytes]:
            return [line async for line in self.store.selected(NAMESPACE, question)]

        found = self.runner.run(lines())
        parsed = [VisionSubmission.from_json(line) for line in found]
        assert [one.to_json() for one in parsed] == found, "canonical"
        return parsed


@pytest.fixture(scope="module", params=[1, 2], ids=["seed 1", "seed 2"])
def scene(request: pytest.FixtureRequest, postgres: Postgres, template: str, runner: asyncio.Runner) -> Iterator[Scene]:
    opened = open_vision(postgres.url(postgres.create_database(template)))
    store = runner.run(opened.__aenter__())
    yield Scene(store, runner.run(fill(store, request.param)), runner)
    runner.run(opened.__aexit__(None, None, None))


def in_order(known: Known, keys: set[Key]) -> list[Key]:
    """Newest files first, of one file the newest submission first."""

    def place(key: Key) -> tuple[datetime, str, int]:
        return known.of(key)[0].created, key[0], key[1] or 0

    return sorted(keys, key=place, reverse=True)


Draw = Callable[[st.DrawFn, Known], Any]


def some(values: list[str], most: int = 2) -> Draw:
    return lambda draw, _: draw(st.lists(st.sampled_from([*values, "nobody"]), max_size=most))


def pairs(values: dict[str, list[str]]) -> Draw:
    strategy = st.fixed_dictionaries({}, optional={name: st.sampled_from([*of, "x"]) for name, of in values.items()})
    return lambda draw, _: draw(strategy)


def files_(draw: st.DrawFn, known: Known) -> list[str]:
    names = [one.id for one in known.files[:6]] + [one.sha256 for one in known.files[3:9]] + ["ab" * 32]
    return draw(st.lists(st.sampled_from(names), max_size=6))


def upload_time(draw: st.DrawFn, known: Known) -> datetime:
    return draw(st.sampled_from([one.created for one in known.files] + _far))


def submission_time(draw: st.DrawFn, known: Known) -> datetime:
    return draw(st.sampled_from([one.time for one in known.submissions] + _far))


_far = [datetime(1, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC) - timedelta(days=1)]
FILTERS: dict[str, Draw] = {
    "files": files_,
    "sources": some([one for one in SOURCES if one]),
    "content_types": some(TYPES),
    "metadata": pairs(METADATA),
    "classes_present": some(CLASSES),
    "classes_absent": some(CLASSES),
    "attributes": pairs({**ATTRIBUTES, "class": CLASSES}),
    "users": some(USERS),
    "statuses": lambda draw, _: draw(st.lists(st.sampled_from(AnnotationStatus), min_size=1, unique=True)),
    "capability": lambda draw, _: draw(st.sampled_from([None, *CAPABILITIES, "nobody"])),
    "training_runs": some(RUNS),
    "uploaded_from": upload_time,
    "uploaded_until": upload_time,
    "submitted_from": submission_time,
    "submitted_until": submission_time,
}


def test_every_filter_is_tried() -> None:
    assert set(FILTERS) == set(Search.model_fields)


@pytest.mark.parametrize("name", FILTERS)
def test_each_filter_alone_finds_what_looking_at_everything_finds(scene: Scene, name: str) -> None:
    sizes = set()

    @settings(CHECKED, max_examples=8)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        search = Search(**{name: FILTERS[name](data.draw, scene.known)})
        for selection in Selection:
            expected = looked_for(scene.known, [search], selection, NEWEST)
            assert scene.found([search], selection, 50) == in_order(scene.known, expected), (search, selection)
            sizes.add(len(expected))

    check()
    assert len(sizes) > 1, "the filter makes a difference"


@st.composite
def searches(draw: st.DrawFn, known: Known) -> Search:
    names = draw(st.lists(st.sampled_from(sorted(FILTERS)), max_size=4, unique=True))
    return Search(**{name: FILTERS[name](draw, known) for name in names})


@CHECKED
@given(data=st.data(), selection=st.sampled_from(Selection), page_size=st.sampled_from([3, 100]))
def test_combinations_and_unions_of_searches_page_by_page(
    scene: Scene, data: st.DataObject, selection: Selection, page_size: int
) -> None:
    asked = data.draw(st.lists(searches(scene.known), min_size=1, max_size=3))
    expected = looked_for(scene.known, asked, selection, NEWEST)
    assert scene.found(asked, selection, page_size) == in_order(scene.known, expected)
    found = scene.runner.run(scene.store.figures(NAMESPACE, asked, selection))
    assert found == figures_of(scene.known, expected)


@CHECKED
@given(data=st.data(), selection=st.sampled_from(Selection), as_of=st.integers(0, 80))
def test_the_stream_is_as_of_any_submission_by_content_without_what_nobody_said(
    scene: Scene, data: st.DataObject, selection: Selection, as_of: int
) -> None:
    asked = data.draw(st.lists(searches(scene.known), min_size=1, max_size=2))
    wanted = [key for key in looked_for(scene.known, asked, selection, as_of) if key[1] is not None]
    # A search that also finds what nobody annotated must not find it here, and nothing instead of it.
    question = VisionQuestion(selection=selection, searches=asked, as_of_sequence=as_of)
    lines = scene.stream(question)
    assert [(one.sha256, one.sequence) for one in lines] == sorted((one.sha256, one.sequence) for one in lines)
    assert {(one.file, one.sequence) for one in lines} == set(wanted)
    assert len(lines) == len(wanted)
    for one in lines:
        file, said = scene.known.of((one.file, one.sequence))
        assert said is not None
        assert (one.name, one.source, one.metadata) == (file.name, file.source, file.metadata)
        entities = [entity.model_dump(mode="json", by_alias=True, exclude_none=True) for entity in one.entities]
        assert json.dumps(entities, sort_keys=True) == json.dumps(list(said.entities), sort_keys=True)
