"""The report is made and written; whatever goes wrong with it is told and fails no run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog
from pydantic import ValidationError

from capforge_contracts import layout
from capforge_contracts.run import ModelCard
from capforge_contracts.store import NotFound
from capforge_trainer.errors import StoppedError
from capforge_trainer.report.findings import Findings

if TYPE_CHECKING:
    from capforge_trainer.strategy import Work

_LOG = structlog.get_logger(__name__)


def published(work: Work, card: ModelCard, find: Callable[[], Findings]) -> list[str]:
    """Write the report beside the model; return warnings for the card. Raises StoppedError only."""
    try:
        from capforge_trainer.report.page import Told, report_page  # noqa: PLC0415 - its faults are the report's

        told = Told(
            card=card,
            rows=tuple(work.watch.rows),
            findings=find(),
            champion=_champion(work),
            initial_weights=work.spec.initial_weights,
            made=datetime.now(UTC),
        )
        work.attempt.put(layout.REPORT, report_page(told).encode())
    except StoppedError:
        raise
    except Exception as error:  # noqa: BLE001 - a report is no result: without one the model is as good
        _LOG.warning("no report", exc_info=error)
        return [f"there is no report of this run: {type(error).__name__}: {str(error)[:200]}"]
    return []


def _champion(work: Work) -> tuple[str, ModelCard] | None:
    """Return the version that answers now and its card; None where there is none to be read."""
    champion = work.spec.champion
    if champion is None:
        return None
    try:
        return champion.version, ModelCard.from_json(work.around.store.get(champion.card_key))
    except (NotFound, ValidationError) as error:
        _LOG.warning("the report says nothing of the champion", version=champion.version, error=str(error))
        return None
