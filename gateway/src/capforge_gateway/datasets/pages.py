"""Pages of a dataset's items, filtered as it was asked: bounded by bytes as well as by number."""

from __future__ import annotations

from collections.abc import Callable

from capforge_contracts.dataset import ManifestItem
from capforge_contracts.said import Said, labels_by_field, said
from capforge_contracts.submissions import Submission
from capforge_gateway.datasets.manifest_file import DocumentsFile, ImagesFile, Item, LinesOf
from capforge_gateway.datasets.schemas import ItemsAsked
from capforge_gateway.errors import bad_request

MAX_BYTES = 4 * 1024 * 1024
"""Of the lines of one page: tenants write manifests, and read, a line takes ten times its bytes."""


def page_of_images(manifest: ImagesFile, asked: ItemsAsked, first: int) -> tuple[list[ManifestItem], int | None]:
    """Return the images that are asked for, and where the next page begins; raises 400 for filters of documents."""
    if asked.field is not None or asked.said is not None:
        raise bad_request("`field` and `said` are of documents; of images allowed: split, class", field="field")
    name = asked.class_name
    return _page(manifest, asked, first, lambda item: name is None or name in {one.class_name for one in item.entities})


def page_of_documents(manifest: DocumentsFile, asked: ItemsAsked, first: int) -> tuple[list[Submission], int | None]:
    """Return the documents that are asked for, and where the next page begins; raises 400 for filters of images."""
    if asked.class_name is not None:
        raise bad_request("`class` is of images; of documents allowed: split, field, said", field="class")
    if asked.field is None and asked.said is not None:
        raise bad_request("`said` is about a `field`, which is missing", field="said")
    names = [one.name for one in manifest.header.fields]
    if asked.field is not None and asked.field not in names:
        raise bad_request(f"`field` is none of this dataset; allowed: {', '.join(names)}", field="field")
    field, wanted = asked.field, asked.said or Said.VALUE
    return _page(manifest, asked, first, lambda item: field is None or said(labels_by_field(item).get(field)) is wanted)


def _page(
    manifest: LinesOf[Item], asked: ItemsAsked, first: int, fits: Callable[[Item], bool]
) -> tuple[list[Item], int | None]:
    page: list[Item] = []
    size_bytes = 0
    for position, item in enumerate(manifest.items(first), start=first):
        if asked.split not in (None, item.split) or not fits(item):
            continue
        size_bytes += manifest.line_bytes(position)
        if len(page) == asked.limit or (page and size_bytes > MAX_BYTES):
            return page, position
        page.append(item)
    return page, None
