"""Any interleaving of people, Jobs and an operator that dies: one version for each distinct run, no number twice."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from capforge_contracts import layout
from capforge_contracts.ledger import RunFailed, VersionPublished, read_entry
from capforge_contracts.run import Phase
from capforge_operator.domain.dataset_view import spec_hash
from capforge_operator.keys import Kind
from capforge_operator.ports import JobOutcome
from capforge_operator.resource_types import TRAINING_RUNS
from tests.support.twins.breaking import CrashError, Fuse, breaking
from tests.unit.operator.training_world import NAMESPACE, TrainingWorld, capability, dataset, run, template

RUNS = ("cells-1", "cells-2", "cells-3", "cells-4")
SEEDS = {"cells-1": 1, "cells-2": 2, "cells-3": 1, "cells-4": 3}
"""cells-3 asks for the same as cells-1."""
KEYS = ((Kind.DATASET, "cells"), (Kind.CAPABILITY, "cells"), *((Kind.TRAINING_RUN, name) for name in RUNS))
names = st.sampled_from(RUNS)


class Stories(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.world = TrainingWorld()
        for document in (dataset(), capability(), template()):
            self.world.twins.resources.put(document)
        self.numbers: dict[str, str] = {}
        """Every version that was ever seen, and the run digest it stood for."""

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self._let_everything_end()
            self._assert_ended()
            self.world.threads.close()

    # People.

    @rule(name=names)
    def apply(self, name: str) -> None:
        self.world.twins.resources.put(run(name, seed=SEEDS[name]))

    @precondition(lambda self: self._present())
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(self._present()))
        self.world.twins.resources.remove(TRAINING_RUNS, NAMESPACE, name)
        self.world.twins.jobs.vanish(NAMESPACE, f"{name}-train")  # goes with its owner

    @rule(name=names)
    def delete_job(self, name: str) -> None:
        self.world.twins.jobs.vanish(NAMESPACE, f"{name}-train")

    @precondition(lambda self: self._present())
    @rule(data=st.data())
    def wipe_status(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(self._present()))
        self.world.twins.resources.objects[TRAINING_RUNS.kind, NAMESPACE, name].pop("status", None)

    # The operator, alive or dying.

    @rule(key=st.sampled_from(KEYS))
    def reconcile(self, key: tuple[Kind, str]) -> None:
        asyncio.run(self._visit(*key))

    @rule(key=st.sampled_from(KEYS), call=st.integers(1, 25), after_effect=st.booleans())
    def die(self, key: tuple[Kind, str], call: int, after_effect: bool) -> None:
        broken = breaking(self.world.world(), Fuse(call, after_effect))

        async def visit() -> None:
            with suppress(CrashError):
                await self.world.reconcile(*key, world=broken)

        asyncio.run(visit())

    # Jobs.

    @rule()
    def snapshot_ends(self) -> None:
        digest = spec_hash(self.world.seen_dataset())
        job = self.world.twins.jobs.jobs.get((NAMESPACE, f"cells-snapshot-{digest[:8]}"))
        if job is not None and job.outcome is JobOutcome.ACTIVE:
            self.world.answer_snapshot(self.world.freeze())

    @rule(name=names)
    def trainer_starts(self, name: str) -> None:
        if self._at_work(name):
            self.world.claim(name)
            self.world.progress(Phase.TRAINING, name, percent=40)

    @rule(name=names, tells=st.booleans())
    def trainer_ends(self, name: str, tells: bool) -> None:
        """With its card; the Job's end may be seen later."""
        if self._at_work(name):
            self._train(name)
            if tells:
                self.world.end_job(JobOutcome.COMPLETE, name)

    # What holds always.

    @invariant()
    def no_number_is_given_twice(self) -> None:
        if not hasattr(self, "world"):
            return
        entries = self._ledger()
        assert [one.sequence for one in entries] == list(range(1, len(entries) + 1))
        published = [one for one in entries if isinstance(one, VersionPublished)]
        assert [one.version for one in published] == [f"1.{number}" for number in range(1, len(published) + 1)]
        assert len({one.run_digest for one in published}) == len(published), "one result, one version"
        for one in published:
            assert self.numbers.setdefault(one.version, one.run_digest) == one.run_digest
        assert set(self.numbers) == {one.version for one in published}, "nothing is taken back"

    def _let_everything_end(self) -> None:
        for _ in range(6):
            for kind, name in KEYS:
                asyncio.run(self._visit(kind, name))
            self.snapshot_ends()
            for name in self._present():
                if self._at_work(name):
                    self._train(name)
                    self.world.end_job(JobOutcome.COMPLETE, name)

    def _assert_ended(self) -> None:
        self.no_number_is_given_twice()
        for name in self._present():
            found = self.world.seen_run(name)
            succeeded = found.status.condition("Succeeded")
            assert succeeded is not None
            assert succeeded.reason in {"Completed", "Attached"}, (name, succeeded)
            assert found.status.version is not None, name
            assert self.numbers[found.status.version] == found.status.run_digest
        assert not [one for one in self._ledger() if isinstance(one, RunFailed)]

    async def _visit(self, kind: Kind, name: str) -> None:
        await self.world.reconcile(kind, name)

    def _present(self) -> list[str]:
        return [name for name in RUNS if (TRAINING_RUNS.kind, NAMESPACE, name) in self.world.twins.resources.objects]

    def _at_work(self, name: str) -> bool:
        job = self.world.twins.jobs.jobs.get((NAMESPACE, f"{name}-train"))
        accepted = name in self._present() and self.world.seen_run(name).status.run_digest is not None
        return accepted and job is not None and job.outcome is JobOutcome.ACTIVE

    def _train(self, name: str) -> None:
        self.world.claim(name)
        self.world.progress(Phase.DONE, name, percent=100)
        self.world.leave_card(name)

    def _ledger(self) -> list[VersionPublished | RunFailed]:
        store = self.world.twins.store.objects
        return [read_entry(store.get(one.key)) for one in store.list(layout.ledger_prefix(NAMESPACE, "cells"))]


TestStories = Stories.TestCase
TestStories.settings = settings(
    max_examples=40, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
