"""A field extractor on twins: documents that people annotate, gateways that count them, and its automatic runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from capforge_contracts import layout
from capforge_contracts.ledger import AutomaticTraining, read_entry
from capforge_operator import labels
from capforge_operator.api.capability import Capability
from capforge_operator.api.training_run import TrainingRun
from capforge_operator.facts import PodFact
from capforge_operator.keys import Key, Kind
from capforge_operator.ports import Done, Json, Reconciler
from capforge_operator.resource_types import CAPABILITIES, DATASETS, TRAINING_RUNS
from capforge_operator.wiring import World, reconcilers
from tests.unit.operator.training_world import NAMESPACE, SETTINGS, TrainingWorld, resource

NAME = "receipts"
FIELDS: tuple[Json, ...] = (
    {"name": "total", "type": "Amount"},
    {"name": "issued", "type": "Date", "convention": "US"},
    {"name": "kind", "type": "Classification", "classes": ["receipt", "invoice"]},
)


def extractor(name: str = NAME, **spec: Any) -> Json:
    model = {"type": "FieldExtractorElement", "dataModel": {"fields": [dict(one) for one in FIELDS]}}
    return resource("Capability", name, {**model, **spec})


def automatic(**fields: Any) -> Json:
    """The `training` of a capability with these rules for automatic runs."""
    return {"automatic": fields}


@dataclass
class ExtractorWorld(TrainingWorld):
    """One operator that lives until `restart`, one gateway, and verbs for people and trainers."""

    alive: Mapping[Kind, Reconciler] = field(init=False)

    def __post_init__(self) -> None:
        gateway = {labels.COMPONENT: labels.GATEWAY}
        self.twins.pods.set(
            PodFact(SETTINGS.namespace, "gateway", "uid-gateway", "Running", ip="10.0.0.9", ready=True, labels=gateway)
        )
        self.restart()

    def restart(self) -> None:
        """Start an operator that remembers nothing."""
        self.alive = self.on(self.world())

    def on(self, world: World) -> Mapping[Kind, Reconciler]:
        return reconcilers(world, self.twins.bell, self.threads, self.settings)

    async def visit(self, name: str = NAME) -> Done:
        """Look at the capability, with counts of now."""
        await self.alive[Kind.ANNOTATIONS].reconcile(Key(Kind.ANNOTATIONS, "", "gateways"))
        return await self.alive[Kind.CAPABILITY].reconcile(Key(Kind.CAPABILITY, NAMESPACE, name))

    def annotated(self, documents: int, name: str = NAME) -> None:
        """So many documents have a current annotation; one more submission came."""
        _, sequence = self.twins.gateways.counts.get((NAMESPACE, name), (0, 0))
        self.twins.gateways.counts[NAMESPACE, name] = (documents, sequence + 1)

    async def annotate(self, documents: int, name: str = NAME) -> Capability:
        """Have so many documents annotated, and look."""
        self.annotated(documents, name)
        await self.visit(name)
        return self.seen(name)

    def seen(self, name: str = NAME) -> Capability:
        return Capability.parse(self.twins.resources.objects[CAPABILITIES.kind, NAMESPACE, name])

    def reason(self, name: str = NAME, condition: str = "AutomaticTraining") -> str:
        found = self.seen(name).status.condition(condition)
        return found.reason if found else ""

    def message(self, name: str = NAME, condition: str = "AutomaticTraining") -> str:
        found = self.seen(name).status.condition(condition)
        return found.message if found else ""

    @property
    def made(self) -> list[str]:
        """The runs that were ever made, in order."""
        kind = f"create {TRAINING_RUNS.plural} "
        return [one.removeprefix(kind) for one in self.twins.resources.writes if one.startswith(kind)]

    @property
    def runs(self) -> list[TrainingRun]:
        found = self.twins.resources.objects.items()
        return [TrainingRun.parse(one) for (kind, _, _), one in found if kind == TRAINING_RUNS.kind]

    def ledger(self, name: str = NAME) -> list[AutomaticTraining]:
        """The ledger's words about automatic runs."""
        store = self.twins.store.objects
        entries = [read_entry(store.get(one.key)) for one in store.list(layout.ledger_prefix(NAMESPACE, name))]
        return [one for one in entries if isinstance(one, AutomaticTraining)]

    def end_run(self, name: str, reason: str = "Completed") -> None:
        """End a run as its own controller would; any other reason is a failure."""
        status = "True" if reason == "Completed" else "False"
        now = self.twins.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        condition = {
            "type": "Succeeded",
            "status": status,
            "reason": reason,
            "message": "Why.",
            "lastTransitionTime": now,
        }
        self.twins.resources.objects[TRAINING_RUNS.kind, NAMESPACE, name]["status"] = {
            "conditions": [condition],
            "completionTime": now,
        }

    def collect(self) -> None:
        """Do what garbage collection does to the children of a capability that is gone."""
        living = {one["metadata"]["uid"] for one in self.twins.resources.objects.values()}
        for kind in (TRAINING_RUNS, DATASETS):
            for its_kind, _, name in list(self.twins.resources.objects):
                if its_kind != kind.kind:
                    continue
                owners = self.twins.resources.objects[kind.kind, NAMESPACE, name]["metadata"].get("ownerReferences", [])
                if owners and owners[0]["uid"] not in living:
                    self.twins.resources.remove(kind, NAMESPACE, name)
