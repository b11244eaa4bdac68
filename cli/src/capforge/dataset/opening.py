"""Which way locked datasets are read: through the gateway that was named, else from the object store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from capforge.cluster.connection import Cluster
from capforge.data.tenant_store import tenant_store
from capforge.dataset.over_http import HttpShelf
from capforge.dataset.shelf import Shelf
from capforge.dataset.stored import StoredShelf
from capforge.gateway_api import DATASETS, GatewayApi, opened


@contextmanager
def shelf_of(namespace: str | None, gateway: str | None, key: str | None, context: str | None) -> Iterator[Shelf]:
    """Yield the datasets of a namespace; the cluster is not asked where a gateway and a namespace are named."""
    if gateway:
        with opened(namespace, gateway, key, context, DATASETS) as api:
            yield HttpShelf(api)
        return
    space = namespace or Cluster.connect(context).namespace
    with tenant_store(space, context) as store:
        yield StoredShelf(store, space, context)


def pages(api: GatewayApi, path: str, name: str) -> Iterator[list[dict[str, Any]]]:
    """Yield every page of a list."""
    cursor: str | None = ""
    while cursor is not None:
        found = api.ask("GET", path, query={"cursor": cursor})
        yield found[name]
        cursor = found["pagination"]["next"]
