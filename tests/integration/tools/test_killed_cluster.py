"""A cluster that was killed with all its processes: the next one of its number is not disturbed by what it left."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict

import pytest

from capforge_tools.cluster.down import down
from capforge_tools.cluster.layout import Layout
from capforge_tools.cluster.survey import leftovers, problems
from capforge_tools.cluster.up import up
from capforge_tools.errors import ToolError
from tests.support.localcluster import free_number, kill_everything, new_layout

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the local cluster needs root")


@pytest.fixture
def two_folders() -> Iterator[tuple[Layout, Layout]]:
    with free_number() as number:
        layouts = (new_layout(number), new_layout(number))
        try:
            yield layouts
        finally:
            for layout in layouts:
                down(layout)
                shutil.rmtree(layout.places.state)


def test_one_of_the_same_number_starts_after_it_and_not_beside_it(two_folders: tuple[Layout, Layout]) -> None:
    killed, following = two_folders
    up(killed)
    with pytest.raises(ToolError, match=f"another cluster with the number {killed.number} runs"):
        up(following)
    kill_everything(killed)
    assert leftovers(killed), "a killed cluster leaves something, else this test shows nothing"

    up(following)

    assert problems(following) == []


def test_one_comes_back_in_its_own_folder(two_folders: tuple[Layout, Layout]) -> None:
    layout, _ = two_folders
    up(layout)
    kill_everything(layout)

    up(layout)

    assert problems(layout) == []


def test_another_checkouts_process_is_not_called_dead(two_folders: tuple[Layout, Layout]) -> None:
    layout, _ = two_folders
    up(layout)
    record = layout.register.find("volumes")
    assert record
    path = layout.register.folder / "volumes.json"
    path.write_text(json.dumps({**asdict(record), "command_digest": "another"}))
    assert problems(layout) == ["volumes runs as another checkout or version of the tools started it"]
