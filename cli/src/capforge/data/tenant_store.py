"""The object store as one namespace sees it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from capforge.cluster.connection import Cluster
from capforge.data import credentials
from capforge.errors import CliError, Exit
from capforge_contracts.store import ObjectStore, Refused, StoreError, open_store

_STORE = "CAPFORGE_STORE"


@contextmanager
def tenant_store(namespace: str, context: str | None) -> Iterator[ObjectStore]:
    """Yield the store: CAPFORGE_STORE with the AWS_* variables where it is set, else by the namespace's Secret.

    The store's errors within the block become CliErrors.
    """
    try:
        if os.environ.get(_STORE):
            yield _from_environment()
            return
        access = credentials.from_secret(Cluster.connect(context), namespace)
        with credentials.opened(access, access.bucket or "") as store:
            yield store
    except Refused as error:
        raise CliError(f"the object store refuses: {error}", "Are these credentials for this namespace?") from error
    except StoreError as error:
        raise CliError(f"the object store does not answer: {error}", "Try again in a moment.") from error


def _from_environment() -> ObjectStore:
    try:
        return open_store(os.environ)
    except ValueError as error:
        raise CliError(str(error), code=Exit.WRONG_USAGE) from error
