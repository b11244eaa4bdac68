"""The calls about datasets put together from their parts, as the gateway opens them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack

from starlette.routing import BaseRoute

from capforge_contracts.store import ObjectStore
from capforge_gateway.datasets.asking import Asking
from capforge_gateway.datasets.calls import DatasetCalls
from capforge_gateway.datasets.file_calls import DatasetFileCalls
from capforge_gateway.datasets.shelf import Shelf
from capforge_gateway.datasets.work import Work
from capforge_gateway.vision.visitors import Visitors


def dataset_routes(
    visitors: Visitors, opened: Callable[[], ObjectStore], external_url: str, stack: AsyncExitStack
) -> list[BaseRoute]:
    """Return the routes; `opened` makes the client of the object store when the first dataset is asked for."""
    work = Work()
    stack.callback(work.close)
    asking = Asking(visitors, Shelf(opened, work.fetching), work)
    return [*DatasetCalls(asking, external_url).routes(), *DatasetFileCalls(asking).routes()]
