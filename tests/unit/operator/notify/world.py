"""A small tenant whose capability wants to be told of its runs, with a mail server and webhooks in memory."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from capforge_contracts import layout
from capforge_contracts.ledger import Notified, read_entry
from capforge_operator.api.conditions import Condition
from capforge_operator.controllers.notifier import Undelivered
from capforge_operator.keys import Kind
from capforge_operator.metrics import Metrics
from capforge_operator.ports import JobOutcome, Json
from capforge_operator.wiring import World
from tests.support.twins.jobs import job_pod
from tests.support.twins.post import MemoryMailer, MemoryWebhooks, PlainLinks
from tests.unit.operator.training_world import NAMESPACE, TrainingWorld, capability

ANN, BOB = "ann@example.com", "bob@example.com"
HOOK: Json = {"name": "chat", "url": "https://hooks.example.com/capforge", "secretKey": "chat"}
EVERYBODY: Json = {"email": {"recipients": [ANN, BOB]}, "webhooks": [HOOK]}


@dataclass
class NotifyWorld(TrainingWorld):
    """The training world with ports to people."""

    mailer: MemoryMailer = field(default_factory=MemoryMailer)
    webhooks: MemoryWebhooks = field(default_factory=MemoryWebhooks)
    links: PlainLinks = field(default_factory=PlainLinks)
    metrics: Metrics = field(default_factory=Metrics)

    def world(self) -> World:
        parts = {"mailer": self.mailer, "webhooks": self.webhooks, "links": self.links}
        return replace(super().world(), **parts, board=self.metrics.levels, tries=self.metrics)

    async def running(self, notifications: Json | None = EVERYBODY, run_name: str = "cells-1", **spec: Any) -> None:
        """Bring a run as far as its Job."""
        await self.ready_to_train(**spec)
        self.want(notifications)
        await self.run(run_name)

    def want(self, notifications: Json | None) -> None:
        """Apply the capability with (or without) notifications."""
        document = capability()
        if notifications is not None:
            document["spec"]["notifications"] = notifications
        self.twins.resources.put(document)

    async def succeed(self, run_name: str = "cells-1", version: str | None = "1.1") -> None:
        """Have the trainer succeed, and the capability publish."""
        self.claim(run_name)
        self.leave_card(run_name)
        self.end_job(JobOutcome.COMPLETE, run_name)
        await self.run(run_name)
        if version is not None:
            self.publish(run_name, version)
        await self.run(run_name)

    async def fail(self, run_name: str = "cells-1", words: str = "CUDA out of memory") -> None:
        """Have the trainer run out of memory."""
        self.claim(run_name)
        pod = job_pod(f"{run_name}-train", NAMESPACE, self.twins.clock.now())
        message = f'{{"reason": "OutOfMemory", "message": "{words}"}}'
        self.twins.pods.set(replace(pod, phase="Failed", exit_code=66, exit_reason="Error", exit_message=message))
        self.end_job(JobOutcome.FAILED, run_name, "PodFailurePolicy")
        await self.run(run_name)

    async def notify(self, run_name: str = "cells-1", world: World | None = None) -> None:
        """Reconcile the notification; a delay is one more try later."""
        with suppress(Undelivered):
            await self.reconcile(Kind.NOTIFICATION, run_name, world)

    def told(self, run_name: str = "cells-1") -> tuple[str, str]:
        found = self.condition(run_name)
        return found.status.value, found.reason

    def condition(self, run_name: str = "cells-1") -> Condition:
        found = self.seen_run(run_name).status.condition("Notified")
        assert found is not None
        return found

    def shown(self, name: str, **labels: str) -> float | None:
        """Return what a scrape shows."""
        return self.metrics.registry.get_sample_value(name, labels)

    @property
    def entries(self) -> list[Notified]:
        store = self.twins.store.objects
        found = [read_entry(store.get(one.key)) for one in store.list(layout.ledger_prefix(NAMESPACE, "cells"))]
        return [one for one in found if isinstance(one, Notified)]
