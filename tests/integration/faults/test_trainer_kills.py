"""The trainer, with torch, is killed at the stages of a run: it goes on, and exactly one attempt succeeds."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from capforge_contracts import layout
from capforge_contracts.dataset import ManifestEntity, ManifestItem, Split, write_manifest
from capforge_contracts.exitcodes import ExitCode, Termination
from capforge_contracts.model import sha256_hex
from capforge_contracts.run import (
    CapabilityType,
    DatasetSelection,
    ModelCard,
    Output,
    Progress,
    RunDatasets,
    RunSpec,
    run_digest,
)
from tests.integration.faults.conftest import Site
from tests.integration.faults.living import lived_through
from tests.integration.faults.node import Program
from tests.integration.faults.story import CLASSES, TEMPLATE
from tests.support.eventually import eventually
from tests.support.faults.journal import Exchange, Moment
from tests.support.faults.kinds import Answer, Fault, HalfUpload, NeverAnswers, ResetBefore
from tests.support.faults.nursery import Child, Nursery
from tests.support.faults.schedules import Schedule, always, every, first
from tests.unit.snapshot.cocofolder import picture

_SECONDS = 60.0
_SIDE = 96
_NUMBERS = itertools.count(1)
TINY = {
    "model": {"inputLongSidePixels": _SIDE, "neckChannels": 32},
    "augmentation": {"mosaic": 0},
    "optimizer": {"batchSize": 2, "warmupSteps": 2, "precision": "Float32"},
    "schedule": {"maxEpochs": 2, "evaluations": 1, "loaderThreads": 1},
}


@dataclass
class Run:
    """A run.json in the store, and the processes that make attempts at it."""

    site: Site
    nursery: Nursery
    folder: Path
    namespace: str
    spec: RunSpec
    child: Child | None = None
    killed: list[str] = field(default_factory=list)

    def key(self, attempt: int, name: str) -> str:
        return layout.attempt_file(self.namespace, self.spec.digest, attempt, name)

    def keys(self) -> list[str]:
        prefix = layout.run_prefix(self.namespace, self.spec.digest)
        return [one.key.removeprefix(prefix) for one in self.site.s3.store().list(prefix)]

    def start(self) -> Child:
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "CAPFORGE_TERMINATION_LOG": str(self.folder / "termination-log"),
            **replace(self.site.s3, endpoint_url=self.site.jobs_store.url).environment,
        }
        arguments = ["run", "--run", layout.run_spec(self.namespace, self.spec.digest)]
        self.child = self.nursery.start("capforge_trainer", arguments, env, self.folder / "log")
        return self.child

    def finish(self) -> int:
        return self.start().wait(_SECONDS)

    def kill_at(self, moment: Moment, path: str) -> None:
        """Kill the process at its next write to a path that holds this."""

        def trap(exchange: Exchange, now: Moment) -> bool:
            if now is not moment or path not in exchange.target or self.child is None or self.killed:
                return False
            self.killed.append(f"{moment.value} {exchange}")
            self.child.send_signal(signal.SIGKILL)
            return True

        self.site.jobs_store.journal.set_trap(trap)

    def card(self, attempt: int) -> ModelCard:
        return ModelCard.from_json(self.site.s3.store().get(self.key(attempt, layout.CARD)))

    @property
    def termination(self) -> Termination:
        return Termination.from_json((self.folder / "termination-log").read_bytes())

    def assert_whole(self, attempts: int) -> ModelCard:
        """One attempt has a card, its files are what the card says, and nothing is left that nobody needs."""
        store, keys = self.site.s3.store(), self.keys()
        assert [key for key in keys if key.endswith(layout.ATTEMPT)] == [
            f"attempts/{number}/{layout.ATTEMPT}" for number in range(1, attempts + 1)
        ]
        [successful] = [int(key.split("/")[1]) for key in keys if key.endswith(layout.CARD)]
        card = self.card(successful)
        assert card.attempt == successful
        assert sha256_hex(store.get(self.key(successful, layout.MODEL))) == card.model_sha256
        assert sha256_hex(store.get(self.key(successful, layout.GOLDEN))) == card.golden_sha256
        assert card.epochs == TINY["schedule"]["maxEpochs"]
        assert not [key for key in keys if layout.CHECKPOINTS in key]
        return card


def put_items(site: Site, namespace: str, seeds: range) -> DatasetSelection:
    store, items = site.s3.store(), []
    for seed in seeds:
        data = picture(seed, _SIDE, _SIDE)
        store.put(layout.blob(namespace, sha256_hex(data)), data)
        boxes = [[5.0, 5.0, 40.0, 40.0], [50.0, 50.0, 90.0, 90.0]]
        entities = [ManifestEntity(class_name=name, box=box) for name, box in zip(CLASSES, boxes, strict=True)]
        size = {"width": _SIDE, "height": _SIDE}
        items.append(
            ManifestItem(sha256=sha256_hex(data), name=f"{seed}.png", **size, split=Split.TRAIN, entities=entities)
        )
    manifest = write_manifest(CLASSES, items)
    store.put(layout.manifest(namespace, sha256_hex(manifest)), manifest)
    return DatasetSelection(name=f"from-{seeds.start}", digest=sha256_hex(manifest))


@pytest.fixture
def make_run(site: Site, torch_nursery: Nursery, tmp_path: Path) -> Iterator[Callable[[int], Run]]:
    made: list[Run] = []

    def make(seed: int = 1) -> Run:
        namespace = f"{site.namespace}-trains"
        spec = RunSpec(
            namespace=namespace,
            capability="shapes",
            capability_type=CapabilityType.DETECTOR,
            run=f"shapes-{seed}",
            digest="",
            outputs=[Output(position=position, name=name) for position, name in enumerate(CLASSES)],
            datasets=RunDatasets(
                train=[put_items(site, namespace, range(6))], dev=[put_items(site, namespace, range(100, 102))]
            ),
            template=TEMPLATE,
            parameters=TINY,
            seed=1000 * next(_NUMBERS) + seed,
            time_budget_seconds=300,
            image="trainer:1",
        )
        spec = spec.model_copy(update={"digest": run_digest(spec)})
        site.s3.store().put(layout.run_spec(namespace, spec.digest), spec.to_json())
        folder = tmp_path / f"run-{seed}"
        folder.mkdir()
        made.append(Run(site, torch_nursery, folder, namespace, spec))
        return made[-1]

    yield make
    for one in made:
        if one.child is not None:
            one.child.send_signal(signal.SIGKILL)


STAGES = {
    "the attempt is claimed": (Moment.AFTER, layout.ATTEMPT),
    "a checkpoint has its data but no manifest": (Moment.AFTER, ".pt"),
    "the last checkpoint is whole": (Moment.AFTER, f"{layout.CHECKPOINTS}0000000006.json"),
    "the card is about to be written": (Moment.BEFORE, layout.CARD),
    "the card is written": (Moment.AFTER, layout.CARD),
}


@pytest.mark.parametrize("stage", STAGES)
def test_killed_when(make_run: Callable[[int], Run], stage: str):
    it = make_run(1)
    it.kill_at(*STAGES[stage])
    assert it.finish() == -signal.SIGKILL
    assert it.finish() == ExitCode.SUCCESS
    assert len(it.killed) == 1
    card = it.assert_whole(1 if stage == "the card is written" else 2)
    if stage == "the last checkpoint is whole":
        progress = Progress.from_json(it.site.s3.store().get(it.key(card.attempt, layout.PROGRESS)))
        assert progress.resumed_from_epoch == 2


TROUBLES: dict[str, tuple[Fault, Schedule, dict[str, str]]] = {
    "every fourth request fails": (Answer(500), every(4), {}),
    "every third upload breaks off": (HalfUpload(100), every(3), {"method": "PUT"}),
    "no progress can be told": (Answer(500), always, {"path": r"progress|metrics|events"}),
    "the checkpoints cannot be written": (ResetBefore(), always, {"method": "PUT", "path": layout.CHECKPOINTS}),
}


@pytest.mark.parametrize("case", TROUBLES)
def test_a_troubled_store_changes_nothing(site: Site, make_run: Callable[[int], Run], case: str):
    fault, when, which = TROUBLES[case]
    rule = site.jobs_store.rules.add(fault, when=when, **which)
    it = make_run(1)
    assert it.finish() == ExitCode.SUCCESS, (it.folder / "log").read_text()[-3000:]
    assert rule.done >= 2
    it.assert_whole(1)


def test_a_store_that_is_away_for_a_while_is_waited_for(site: Site, make_run: Callable[[int], Run]):
    """Longer than boto3 waits by itself: the model that was trained is not thrown away."""
    it = make_run(1)
    rule = site.jobs_store.rules.add(ResetBefore(), "PUT", layout.MODEL, first(10))
    assert it.finish() == ExitCode.SUCCESS, (it.folder / "log").read_text()[-3000:]
    assert rule.done == 10
    it.assert_whole(1)


def test_a_store_that_hangs_does_not_hold_up_the_training(site: Site, make_run: Callable[[int], Run]):
    it = make_run(1)
    rule = site.jobs_store.rules.add(NeverAnswers(), "PUT", layout.PROGRESS)
    it.start()
    eventually(lambda: any(layout.CHECKPOINTS in key for key in it.keys()), 60)  # noqa: SIM118 - a method of ours
    assert rule.done >= 1
    site.jobs_store.rules.remove(rule)
    assert it.child is not None
    assert it.child.wait(_SECONDS) == ExitCode.SUCCESS
    it.assert_whole(1)


def test_killed_under_the_operators_eyes_the_story_ends_the_same(site: Site, torch_nursery: Nursery):
    story = site.story(overrides=TINY)
    operator, node = site.operator(), site.node(trainer=Program(torch_nursery, "capforge_trainer"))
    killed: list[str] = []
    deaths = ((Moment.AFTER, f"{layout.CHECKPOINTS}"), (Moment.AFTER, layout.CARD))

    def trap(exchange: Exchange, moment: Moment) -> bool:
        child = node.child(f"{story.name}-train")
        if child is None or len(killed) == len(deaths):
            return False
        wanted, path = deaths[len(killed)]
        if moment is not wanted or path not in exchange.target:
            return False
        killed.append(str(exchange))
        child.send_signal(signal.SIGKILL)
        return True

    site.jobs_store.journal.set_trap(trap)
    lived_through(site, story, operator, node=node)
    assert len(killed) == len(deaths)
    assert node.starts[f"{story.name}-train"] == 3
    assert story.status("TrainingRun")["attempts"] == 2
