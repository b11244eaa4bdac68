"""Living through a story: whoever has ended is started again, until the story has come to its end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.integration.faults.conftest import Site
from tests.integration.faults.forked_operator import ForkedOperator
from tests.integration.faults.node import Node
from tests.integration.faults.story import Story
from tests.support.eventually import PATIENCE
from tests.support.faults.journal import Exchange, Moment

_STORY_SECONDS = 60.0
_PAUSE_SECONDS = 0.02


def until_ended(story: Story, operator: ForkedOperator) -> None:
    """Restart the operator whenever it has ended, and wait for the story's end."""
    deadline = time.monotonic() + _STORY_SECONDS * PATIENCE
    while True:
        operator.keep_running()
        try:
            story.assert_ended()
        except AssertionError as error:
            if time.monotonic() > deadline:
                raise AssertionError(f"{error}\n{operator.log[-3000:]}") from error
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def lived_through(
    site: Site,
    story: Story,
    operator: ForkedOperator,
    node: Node | None = None,
    anew: int = 0,
) -> Node:
    """Begin the story and see it through to its end: nothing is lost, no Job was made twice.

    `anew`: so many may be, because they give up for a good reason.
    """
    with (node or site.node()).running() as running:
        story.begin()
        until_ended(story, operator)
        story.assert_whole()
    created = site.journal.successful("POST", rf"/namespaces/{site.namespace}/jobs")
    assert 2 <= len(created) <= 2 + anew, f"{[str(one) for one in created]}\n{operator.log[-20000:]}"
    return running


@dataclass
class Killer:
    """Kills the operator at chosen writes."""

    operator: ForkedOperator
    at: Callable[[Exchange, Moment], bool]
    killed: list[str] = field(default_factory=list)

    def __call__(self, exchange: Exchange, moment: Moment) -> bool:
        if not self.operator.is_running or not self.at(exchange, moment):
            return False
        self.killed.append(f"{moment.value} {exchange}")
        self.operator.kill()
        return True
