"""Where a snapshot reads from, and the fence around it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable
from urllib.parse import unquote, urlsplit

from capforge_contracts import layout
from capforge_contracts.dataset import CocoSource, SnapshotRequest
from capforge_contracts.files import FileObjectStore
from capforge_contracts.sources import ManifestSource, VocSource
from capforge_contracts.store import ObjectStore, StoreUri

VOC_LABELS, VOC_PICTURES = "Annotations", "JPEGImages"


class SourceNotAllowed(ValueError):  # noqa: N818 - reads as the fact it states
    """The address is malformed or lies outside what this namespace may read."""


@dataclass(frozen=True)
class Source:
    """A file (or a folder) of labels and the folder of its pictures."""

    annotations_store: ObjectStore
    annotations_key: str
    """Of a folder: empty or ends in a slash."""
    images_store: ObjectStore
    images_prefix: str
    """Empty or ends in a slash."""

    @property
    def annotations_name(self) -> str:
        """What faults call the file or the folder."""
        return self.annotations_key.rstrip("/").rpartition("/")[2] or self.annotations_store.uri

    def image_key(self, file_name: str) -> str:
        """Return the key of a picture."""
        return f"{self.images_prefix}{file_name}"


@runtime_checkable
class _Server(Protocol):
    """A store whose server has other buckets."""

    def bucket(self, name: str) -> ObjectStore: ...


def resolve(request: SnapshotRequest, store: ObjectStore) -> Source:
    """Return the source that a Dataset names; raises SourceNotAllowed saying what is allowed.

    The installation's own bucket holds every tenant's data: in it, only keys below `<namespace>/` may be read. Other
    buckets are fenced by the namespace's own credentials. Local files are for training without a cluster.
    """
    fence = _Fence(request.namespace, store)
    if request.coco is not None:
        return fence.labelled(request.coco)
    if request.yolo is not None:
        data_store, key = fence.file("dataUri", request.yolo.data_uri)
        return Source(data_store, key, data_store, _folder_of(key))
    if request.voc is not None:
        return fence.voc(request.voc)
    if request.image_folder is not None:
        images_store, prefix = fence.folder(request.image_folder.images_uri)
        return Source(images_store, prefix, images_store, prefix)
    if request.manifest is not None:
        return fence.labelled(request.manifest)
    if request.vision is not None:
        blobs = layout.blob(request.namespace, "")
        return Source(store, "submissions", store, blobs)
    raise SourceNotAllowed(
        "the request names no known source; allowed: coco, yolo, voc, imageFolder, manifest, submissions"
    )


@dataclass(frozen=True)
class _Fence:
    namespace: str
    store: ObjectStore

    def labelled(self, source: CocoSource | ManifestSource) -> Source:
        """Return one file of labels and the folder of its pictures; its own folder where none is named."""
        if isinstance(source, CocoSource):
            labels_store, key = self.file("annotationsUri", source.annotations_uri)
        else:
            labels_store, key = self.file("manifestUri", source.manifest_uri)
        if source.images_uri is None:
            return Source(labels_store, key, labels_store, _folder_of(key))
        return Source(labels_store, key, *self.folder(source.images_uri))

    def voc(self, voc: VocSource) -> Source:
        """Return a folder of XML files and the one of their pictures."""
        labels_store, prefix = self.folder(voc.annotations_uri)
        if voc.images_uri is not None:
            return Source(labels_store, prefix, *self.folder(voc.images_uri))
        return Source(labels_store, prefix, labels_store, voc_pictures(prefix))

    def file(self, field: str, uri: str) -> tuple[ObjectStore, str]:
        store, key = self._place(uri)
        if not key or key.endswith("/"):
            raise SourceNotAllowed(f"{field} {uri!r} names no file; allowed: s3://<bucket>/<file>")
        return store, key

    def folder(self, uri: str) -> tuple[ObjectStore, str]:
        store, key = self._place(uri.rstrip("/") + "/")
        return store, _as_prefix(key)

    def _place(self, uri: str) -> tuple[ObjectStore, str]:
        if urlsplit(uri).scheme == "file" and isinstance(self.store, FileObjectStore):
            path = Path(unquote(urlsplit(uri).path)).resolve()
            return FileObjectStore(Path(path.anchor)), path.relative_to(path.anchor).as_posix()
        try:
            place = StoreUri.parse(uri)
        except ValueError as error:
            raise SourceNotAllowed(str(error)) from error
        if f"s3://{place.bucket}" == self.store.uri:
            if not place.key.startswith(f"{self.namespace}/"):
                allowed = f"{self.store.uri}/{self.namespace}/… or a bucket of your own"
                raise SourceNotAllowed(f"{uri!r} lies outside this namespace; allowed: {allowed}")
            return self.store, place.key
        if not isinstance(self.store, _Server):
            raise SourceNotAllowed(f"{uri!r} is in another bucket; allowed here: {self.store.uri}/{self.namespace}/…")
        return self.store.bucket(place.bucket), place.key


def voc_pictures(prefix: str) -> str:
    """Return where the pictures of a folder of XML files lie: JPEGImages beside Annotations, else the same folder."""
    above, _, name = prefix.rstrip("/").rpartition("/")
    return _as_prefix(f"{above}/{VOC_PICTURES}".lstrip("/")) if name == VOC_LABELS else prefix


def _folder_of(key: str) -> str:
    return _as_prefix(key.rpartition("/")[0])


def _as_prefix(key: str) -> str:
    return f"{key.rstrip('/')}/" if key.strip("/") else ""
