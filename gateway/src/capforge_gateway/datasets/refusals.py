"""Faults of datasets as the refusals that callers get."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from capforge_contracts.exports import WrongFormat
from capforge_contracts.store import StoreError
from capforge_gateway.datasets.faults import (
    AmbiguousName,
    DamagedDataset,
    DifferentKinds,
    NotLocked,
    PurgedFiles,
    TooLargeDataset,
    UnknownDataset,
)
from capforge_gateway.documents.ports import StorageAway
from capforge_gateway.errors import ApiError, bad_request, cannot_be_read, conflict, not_found

_SHOWN = 20


@contextmanager
def translated() -> Iterator[None]:
    """Raise each fault inside the block as the ApiError that the caller gets."""
    try:
        yield
    except UnknownDataset as error:
        message = "there is no such dataset in this namespace: GET /v1/datasets/<namespace> lists them by name"
        raise not_found(message) from error
    except NotLocked as error:
        message = f"the dataset has no content yet ({error.state}: {error.message}); only a locked one has"
        raise conflict("NotLocked", message, state=error.state) from error
    except AmbiguousName as error:
        message = "datasets of this name were locked with several contents; name one by its digest"
        raise conflict("AmbiguousName", message, digests=error.digests[:_SHOWN]) from error
    except DifferentKinds as error:
        message = "one of the two is a dataset of images, the other one of documents: nothing in them can be compared"
        raise conflict("DifferentKinds", message) from error
    except WrongFormat as error:
        raise bad_request(f"`format`: {error}", field="format") from error
    except TooLargeDataset as error:
        message = f"{error} are not read by the gateway; `capforge dataset` reads them from the object store"
        raise conflict("DatasetTooLarge", message) from error
    except PurgedFiles as error:
        raise gone(error.digests) from error
    except (DamagedDataset, StorageAway) as error:
        raise cannot_be_read("datasets", str(error)) from error
    except (StoreError, TimeoutError) as error:
        raise cannot_be_read("datasets", f"the object store does not answer ({type(error).__name__})") from error


def gone(digests: list[str]) -> ApiError:
    """The bytes of some images or documents were removed."""
    message = (
        f"the bytes of {len(digests)} items of this dataset are gone: a person deleted them and they were purged; "
        "what is said about them (items, stats, manifest.jsonl) is still there"
    )
    return ApiError(HTTPStatus.GONE, "Purged", message, {"sha256": sorted(digests)[:_SHOWN], "count": len(digests)})
