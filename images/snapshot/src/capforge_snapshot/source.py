"""Where a snapshot reads from, and the fence around it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable
from urllib.parse import unquote, urlsplit

from capforge_contracts.dataset import CocoSource
from capforge_contracts.files import FileObjectStore
from capforge_contracts.store import ObjectStore, StoreUri


class SourceNotAllowed(ValueError):  # noqa: N818 - reads as the fact it states
    """The address is malformed or lies outside what this namespace may read."""


@dataclass(frozen=True)
class Source:
    """A COCO file and the folder of its pictures."""

    annotations_store: ObjectStore
    annotations_key: str
    images_store: ObjectStore
    images_prefix: str
    """Empty or ends in a slash."""

    @property
    def annotations_name(self) -> str:
        """What faults call the file."""
        return self.annotations_key.rpartition("/")[2]

    def image_key(self, file_name: str) -> str:
        """Return the key of a picture."""
        return f"{self.images_prefix}{file_name}"


@runtime_checkable
class _Server(Protocol):
    """A store whose server has other buckets."""

    def bucket(self, name: str) -> ObjectStore: ...


def resolve(coco: CocoSource, namespace: str, store: ObjectStore) -> Source:
    """Return the source that a Dataset names; raises SourceNotAllowed saying what is allowed.

    The installation's own bucket holds every tenant's data: in it, only keys below `<namespace>/` may be read. Other
    buckets are fenced by the namespace's own credentials. Local files are for training without a cluster.
    """
    annotations_store, annotations_key = _place(coco.annotations_uri, namespace, store)
    if not annotations_key or annotations_key.endswith("/"):
        raise SourceNotAllowed(f"annotationsUri {coco.annotations_uri!r} names no file; allowed: s3://<bucket>/<file>")
    if coco.images_uri is None:
        folder = annotations_key.rpartition("/")[0]
        return Source(annotations_store, annotations_key, annotations_store, _as_prefix(folder))
    images_store, images_key = _place(coco.images_uri.rstrip("/") + "/", namespace, store)
    return Source(annotations_store, annotations_key, images_store, _as_prefix(images_key))


def _as_prefix(key: str) -> str:
    return f"{key.rstrip('/')}/" if key.strip("/") else ""


def _place(uri: str, namespace: str, store: ObjectStore) -> tuple[ObjectStore, str]:
    if urlsplit(uri).scheme == "file" and isinstance(store, FileObjectStore):
        path = Path(unquote(urlsplit(uri).path)).resolve()
        return FileObjectStore(Path(path.anchor)), path.relative_to(path.anchor).as_posix()
    try:
        place = StoreUri.parse(uri)
    except ValueError as error:
        raise SourceNotAllowed(str(error)) from error
    if f"s3://{place.bucket}" == store.uri:
        if not place.key.startswith(f"{namespace}/"):
            allowed = f"{store.uri}/{namespace}/… or a bucket of your own"
            raise SourceNotAllowed(f"{uri!r} lies outside this namespace; allowed: {allowed}")
        return store, place.key
    if not isinstance(store, _Server):
        raise SourceNotAllowed(f"{uri!r} is in another bucket; allowed here: {store.uri}/{namespace}/…")
    return store.bucket(place.bucket), place.key
