"""The operator is killed at its writes, to the API server and to the object store: the end is always the same.

BEFORE a write nothing of it has happened, AFTER it all of it has and the operator does not know.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

from tests.integration.faults.conftest import Site
from tests.integration.faults.forked_operator import ForkedOperator
from tests.integration.faults.living import Killer, lived_through
from tests.integration.faults.sweep import chosen, tell
from tests.integration.operator.rest import until_at_rest, until_it_has_looked
from tests.support.faults.journal import Exchange, Moment

EVENTS = r"^(POST|PATCH) /apis/events\.k8s\.io/"
SAMPLE = 4


@dataclass
class EveryWrite:
    """Kills once before and once after each write (method and path)."""

    operator: ForkedOperator
    killed: list[str] = field(default_factory=list)
    _ended: set[int] = field(default_factory=set)

    def __call__(self, exchange: Exchange, moment: Moment) -> bool:
        what, life = f"{moment.value} {exchange}", self.operator.lives
        if moment is Moment.AFTER and exchange.status >= HTTPStatus.BAD_REQUEST:
            return False  # "exists already": an earlier life wrote it
        if life in self._ended:  # killed a moment ago, with this write on its way
            if moment is Moment.AFTER and what not in self.killed:
                self.killed.append(what)
            return True
        if what in self.killed:
            return False
        self.killed.append(what)
        self._ended.add(life)
        self.operator.kill()
        return True


def test_killed_before_and_after_every_write_of_one_story(site: Site):
    """One life ends before the first attempt at a write, a later one after its success, and so on to the end."""
    story, operator = site.story(), site.operator()
    site.journal.ignored = EVENTS  # an event tells; killed at each, the operator would never get further
    site.journal.set_trap(killer := EveryWrite(operator))
    lived_through(site, story, operator)
    tell(f"{len(killer.killed)} kills in {operator.lives} lives:", *killer.killed)
    for write in ("request.json", "jobs", "run.json", "result.json", "ledger/00000001.json", "configmaps/"):
        for moment in Moment:
            assert any(one.startswith(moment.value) and write in one for one in killer.killed), (write, moment)


def once_at(operator: ForkedOperator, number: int, moment: Moment) -> Callable[[Exchange, Moment], bool]:
    return lambda exchange, now: (exchange.write, now) == (number, moment) and operator.lives == 1


def test_killed_once_at_any_write_it_goes_on(site: Site):
    """With the events, and with writes of several objects under way at once."""
    clean, operator = site.story(), site.operator()
    lived_through(site, clean, operator)
    writes = len(site.journal.writes)
    site.settle(clean)
    for number, moment in chosen([(n, m) for n in range(1, writes + 1) for m in Moment], SAMPLE):
        story, operator = site.story(), site.operator()

        killer = Killer(operator, once_at(operator, number, moment))
        site.journal.set_trap(killer)
        lived_through(site, story, operator)
        assert operator.lives <= 1 + len(killer.killed)
        tell(f"write {number}: killed {killer.killed}")
        site.settle(story)


def test_killed_again_and_again_at_random_moments(site: Site):
    story, operator = site.story(), site.operator()
    site.journal.set_trap(Killer(operator, lambda exchange, _: (exchange.write or 0) % 3 == 0 and operator.lives < 12))
    lived_through(site, story, operator)
    assert operator.lives >= 6


def test_an_operator_that_was_away_finds_everything_as_it_left_it(site: Site):
    story, operator = site.story(), site.operator(CAPFORGE_RESYNC_SECONDS="0.5")
    lived_through(site, story, operator)
    until_at_rest(operator.plan)
    operator.end()
    site.journal.restart()
    operator.start_healthy()
    until_it_has_looked(operator.plan)
    assert site.journal.writes == []
    story.assert_whole()
