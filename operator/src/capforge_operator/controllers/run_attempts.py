"""Reads what a trainer has written so far."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from pydantic import ValidationError

from capforge_contracts import layout
from capforge_contracts.model import sha256_hex, wrong_fields
from capforge_contracts.run import ModelCard, Progress
from capforge_contracts.store import TooLarge
from capforge_operator.controllers.reading import or_none, stored
from capforge_operator.domain.run_view import FinishedAttempt
from capforge_operator.ports import Store

_log: structlog.stdlib.BoundLogger = structlog.get_logger("attempts")


@dataclass(frozen=True)
class Attempts:
    """The attempts of one run."""

    store: Store
    namespace: str
    run_digest: str

    async def newest(self, at_least: int) -> int:
        """Return the highest number that is claimed; numbers count from 1 without a gap, `at_least` is known."""
        newest = at_least
        while await self.store.exists(self._key(newest + 1, layout.ATTEMPT)):
            newest += 1
        return newest

    async def progress(self, attempt: int) -> Progress | None:
        """Return how far an attempt has come; what a foreign trainer wrote wrongly only shows nothing."""
        if not attempt:
            return None
        try:
            return await stored(self.store, self._key(attempt, layout.PROGRESS), Progress)
        except ValidationError as error:
            _log.warning("progress not readable", cause=wrong_fields(error)[0])
        except TooLarge as error:
            _log.warning("progress not readable", cause=str(error))
        return None

    async def finished(self, newest: int) -> FinishedAttempt | None:
        """Return the first attempt with a model card; raises ValidationError, TooLarge for a card that is none."""
        for attempt in range(1, newest + 1):
            found = await self.card(attempt)
            if found is not None:
                return found
        return None

    async def card(self, attempt: int) -> FinishedAttempt | None:
        """Return the attempt if it has a model card."""
        data = await or_none(self.store.get(self._key(attempt, layout.CARD)))
        return FinishedAttempt(attempt, ModelCard.from_json(data), sha256_hex(data)) if data is not None else None

    def _key(self, attempt: int, name: str) -> str:
        return layout.attempt_file(self.namespace, self.run_digest, attempt, name)
