"""Any interleaving of people who annotate, replace and delete, runs that end, and an operator that dies at any call:

each threshold is fired once at most, at the highest that was reached, never at or below the watermark, and never missed.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from capforge_contracts.submissions import AnnotationCounts
from capforge_operator.keys import Key, Kind
from capforge_operator.ports import Conflict
from capforge_operator.resource_types import CAPABILITIES
from tests.support.twins.breaking import CrashError, Fuse, breaking
from tests.unit.operator.extractor_world import NAME, ExtractorWorld, automatic, extractor
from tests.unit.operator.training_world import NAMESPACE

DAY_SECONDS = 86_400
RULES = automatic(
    firstAtAnnotations=5, schedule=[8, 12, 20], quietPeriodSeconds=60, longestWaitSeconds=300, maxRunsPerDay=3
)
WATCH = Key(Kind.ANNOTATIONS, "", "gateways")


def highest(documents: int) -> int:
    """Return the highest threshold that is reached, counted up one by one."""
    return max((one for one in (5, 8, 12, *range(20, 2000, 8)) if one <= documents), default=0)


class Annotating(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.world = ExtractorWorld()
        self.documents = 0
        self.told = 0
        """What the operator was last told."""
        self.fired: list[int] = []
        self._listen()
        self.world.twins.resources.put(extractor(training=RULES))

    def _listen(self) -> None:
        gateways = self.world.twins.gateways
        answer = gateways.annotations

        async def heard(address: str) -> AnnotationCounts:
            counts = await answer(address)
            self.told = counts.counts[0].documents if counts.counts else 0
            return counts

        gateways.annotations = heard  # type: ignore[method-assign]

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self._let_everything_end()
            assert highest(self.documents) <= self._watermark(), "nothing that is reached is missed"
            self.world.threads.close()

    # People.

    @rule(more=st.integers(2, 12))
    def annotate(self, more: int) -> None:
        self._count(self.documents + more)

    @rule(more=st.integers(2, 12), seconds=st.sampled_from([11, 61, 301]))
    def annotate_and_rest(self, more: int, seconds: int) -> None:
        """The operator looks at once, and again after a while."""
        self._count(self.documents + more)
        asyncio.run(self._reconcile(Kind.ANNOTATIONS))
        self._visit()
        self.each_threshold_is_fired_once_and_upwards()
        self.world.twins.clock.advance(seconds)
        self._visit()

    @precondition(lambda self: self.documents)
    @rule()
    def replace(self) -> None:
        self._count(self.documents)

    @precondition(lambda self: self.documents)
    @rule(fewer=st.integers(1, 4))
    def delete(self, fewer: int) -> None:
        self._count(max(self.documents - fewer, 0))

    @rule(seconds=st.sampled_from([1, 30, 61, 400, DAY_SECONDS]))
    def wait(self, seconds: int) -> None:
        self.world.twins.clock.advance(seconds)

    @precondition(lambda self: self._watermark() == max(self.fired, default=0))
    @rule()
    def make_the_capability_anew(self) -> None:
        """Not between a run and the ledger's word about it: such a run goes with its capability, and is made again."""
        self.world.twins.resources.remove(CAPABILITIES, NAMESPACE, NAME)
        self.world.collect()
        self.world.twins.resources.put(extractor(training=RULES))

    # The gateways, the runs.

    @rule(away=st.booleans())
    def gateways(self, away: bool) -> None:
        self.world.twins.gateways.away = away

    @precondition(lambda self: self._active())
    @rule(reason=st.sampled_from(["Completed", "OutOfMemory"]))
    def run_ends(self, reason: str) -> None:
        for name in self._active():
            self.world.end_run(name, reason)

    # The operator, alive or dying.

    @rule()
    def look(self) -> None:
        self._visit()

    @rule()
    def poll(self) -> None:
        asyncio.run(self._reconcile(Kind.ANNOTATIONS))

    @rule(call=st.integers(1, 30), after_effect=st.booleans())
    def die(self, call: int, after_effect: bool) -> None:
        self.world.alive = self.world.on(breaking(self.world.world(), Fuse(call, after_effect)))
        self._visit()
        self.world.restart()

    # What holds always.

    @invariant()
    def each_threshold_is_fired_once_and_upwards(self) -> None:
        if not hasattr(self, "world"):
            return
        made = [int(name.rpartition("-")[2]) for name in self.world.made]
        for threshold in made[len(self.fired) :]:
            assert threshold == highest(self.told), "the highest that was reached"
            assert threshold > max(self.fired, default=0), "never again, never below the watermark"
            self.fired.append(threshold)
        assert made == self.fired

    @invariant()
    def the_ledger_tells_what_was_made(self) -> None:
        if not hasattr(self, "world"):
            return
        written = [one.threshold for one in self.world.ledger()]
        assert written == sorted(set(written))
        assert set(written) <= set(self.fired)
        assert len(self._active()) <= 1, "one in flight"

    def _let_everything_end(self) -> None:
        self.world.twins.gateways.away = False
        for _ in range(8):
            self._visit()
            for name in self._active():
                self.world.end_run(name)
            self.world.twins.clock.advance(DAY_SECONDS)
            self.each_threshold_is_fired_once_and_upwards()

    def _visit(self) -> None:
        asyncio.run(self._reconcile(Kind.CAPABILITY))

    async def _reconcile(self, kind: Kind) -> None:
        key = WATCH if kind is Kind.ANNOTATIONS else Key(kind, NAMESPACE, NAME)
        with suppress(CrashError, Conflict):
            await self.world.alive[kind].reconcile(key)

    def _count(self, documents: int) -> None:
        self.documents = documents
        self.world.annotated(documents)

    def _watermark(self) -> int:
        return max((one.threshold for one in self.world.ledger()), default=0)

    def _active(self) -> list[str]:
        return [run.metadata.name for run in self.world.runs if run.status.completion_time is None]


TestAnnotating = Annotating.TestCase
TestAnnotating.settings = settings(
    max_examples=60, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
)
