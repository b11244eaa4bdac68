"""Reads what a letter tells beyond the run's status: the card, the version before, pictures, links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import structlog
from pydantic import ValidationError

from capforge_contracts import layout
from capforge_contracts.links import RUN_FILES, run_file_path
from capforge_contracts.model import Stored
from capforge_contracts.run import ModelCard, RunResult
from capforge_operator.api.notifications import Outcome
from capforge_operator.api.training_run import TrainingRun
from capforge_operator.controllers.reading import or_none, stored
from capforge_operator.domain.ledger import Ledger
from capforge_operator.domain.notice import Before, Link, Material, Notice, notice
from capforge_operator.domain.notifications import End
from capforge_operator.domain.pictures import MOST_REPORT_BYTES, pictures_of
from capforge_operator.letters.advice import advice_on
from capforge_operator.ports import Store
from capforge_operator.posting import Links, Picture
from capforge_operator.runtime.threads import Threads

_Kind = TypeVar("_Kind", bound=Stored)
_FORWARDED = "http://localhost:8080"
_TOLD = {
    layout.REPORT: "Metrics page (report.html)",
    layout.MODEL: "Model (model.onnx)",
    layout.CARD: "Model card (model-card.json)",
    layout.METRICS: "Metrics by epoch (metrics.jsonl)",
}

_log: structlog.stdlib.BoundLogger = structlog.get_logger("notices")


@dataclass(frozen=True)
class NoticeReader:
    """Puts a Notice together. What cannot be parsed is left out: news that is short is better than none."""

    store: Store
    threads: Threads
    links: Links
    system_namespace: str

    async def read(self, run: TrainingRun, end: End, ledger: Ledger) -> Notice:
        """Return what is told about the end of a run; raises StoreError."""
        if end.outcome is Outcome.FAILED or end.run_digest is None:
            return notice(run, end, Material(advice=advice_on(end.reason)))
        namespace, digest = end.namespace, end.run_digest
        result = await self._parsed(layout.run_result(namespace, digest), RunResult)
        if result is None:
            return notice(run, end, Material())
        card = await self._parsed(layout.attempt_file(namespace, digest, result.attempt, layout.CARD), ModelCard)
        folder = layout.attempt_file(namespace, digest, result.attempt, "")
        sizes = {info.key.removeprefix(folder): info.size_bytes for info in await self.store.list(folder)}
        material = Material(
            card=card,
            before=await self._before(end, ledger),
            pictures=await self._pictures(f"{folder}{layout.REPORT}", sizes.get(layout.REPORT, 0)),
            links=tuple([await self._link(namespace, digest, name) for name in RUN_FILES if name in sizes]),
            link_days=self.links.days,
            reach="" if self.links.base else self._reach(),
        )
        return notice(run, end, material)

    async def _before(self, end: End, ledger: Ledger) -> Before | None:
        """Return the version that was the newest when this run ended."""
        own = ledger.version_of(end.run_digest or "")
        older = [one for one in ledger.published if own is None or one.sequence < own.sequence]
        if not older:
            return None
        key = layout.attempt_file(end.namespace, older[0].run_digest, older[0].attempt, layout.CARD)
        card = await self._parsed(key, ModelCard)
        return Before(older[0].version, card) if card else None

    async def _pictures(self, key: str, size_bytes: int) -> tuple[Picture, ...]:
        if not 0 < size_bytes <= MOST_REPORT_BYTES:
            return ()
        report = await or_none(self.store.get(key))
        return await self.threads.run(pictures_of, report) if report else ()

    async def _link(self, namespace: str, digest: str, name: str) -> Link:
        path = await self.links.signed(run_file_path(namespace, digest, name))
        return Link(_TOLD[name], f"{self.links.base or _FORWARDED}{path}")

    def _reach(self) -> str:
        return f"kubectl -n {self.system_namespace} port-forward service/capforge-gateway 8080:http"

    async def _parsed(self, key: str, kind: type[_Kind]) -> _Kind | None:
        try:
            return await stored(self.store, key, kind)
        except ValidationError as error:
            _log.warning("left out of a notice", key=key, faults=error.error_count())
            return None
