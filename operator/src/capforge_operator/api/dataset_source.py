"""Where a dataset comes from: one member for each format."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from capforge_operator.api.model import ApiModel
from capforge_operator.api.references import NameRef
from capforge_operator.api.schema import ATOMIC, SET, Marked, Rule, Uri, checked, rules

MAX_SEARCHES = 20
_MAX_WORD_CHARS = 256
_MAX_VALUES = 500
_MAX_FILES = 5000
_MAX_PAIRS = 32
_BUCKET = "^s3://[a-z0-9][-a-z0-9.]{1,61}[a-z0-9]"


def _file(field: str, example: str) -> Marked:
    return checked(
        Rule(
            f"self.matches('{_BUCKET}/.*[^/]$') && !self.contains('/../')",
            f"{field}: allowed is the address of a file in an object store, s3://<bucket>/<path>/{example}",
        )
    )


def _instant(field: str) -> Marked:
    """Have the API server read the time: a pattern takes the 31st of February."""
    allowed = f"{field}: allowed is a time such as 2026-01-31T12:00:00Z"
    return checked(Rule("timestamp(self) < timestamp('9999-01-01T00:00:00Z')", allowed))


def _folder(field: str) -> Marked:
    return checked(
        Rule(
            f"self.matches('{_BUCKET}(/.*)?$') && !self.contains('/../')",
            f"{field}: allowed is the address of a folder in an object store, s3://<bucket>/<path>/",
        )
    )


class CocoSource(ApiModel):
    """A COCO detection file and its images in an object store."""

    annotations_uri: Annotated[Uri, _file("annotationsUri", "<file>.json")]
    """Address of the COCO JSON file, such as s3://capforge/team-a/cells/annotations.json."""
    images_uri: Annotated[Uri, _folder("imagesUri")] | None = None
    """Folder that each image's `file_name` is relative to; if absent, the folder of the annotations file."""


class YoloSource(ApiModel):
    """A YOLO data set (detect or segment): the folder of its data.yaml holds images and labels."""

    data_uri: Annotated[Uri, _file("dataUri", "data.yaml")]
    """Address of the data.yaml; its train, val and test become Train, Dev and Test, unless `split` is given."""


class VocSource(ApiModel):
    """A folder of Pascal VOC XML files, one for each image."""

    annotations_uri: Annotated[Uri, _folder("annotationsUri")]
    """Folder of the XML files."""
    images_uri: Annotated[Uri, _folder("imagesUri")] | None = None
    """Folder that `filename` is relative to; if absent, JPEGImages beside a folder Annotations, else the same."""


class ImageFolderSource(ApiModel):
    """A folder with one folder of images for each class."""

    images_uri: Annotated[Uri, _folder("imagesUri")]
    """The folder that holds the classes' folders."""


class ManifestSource(ApiModel):
    """A manifest in Capforge's own format and its images; nothing is lost in it."""

    manifest_uri: Annotated[Uri, _file("manifestUri", "<file>.jsonl")]
    """Address of a manifest of format capforge.dataset/v1; its splits stay, unless `split` is given."""
    images_uri: Annotated[Uri, _folder("imagesUri")] | None = None
    """Folder that each image's `name` is relative to; if absent, the folder of the manifest."""


class Selection(StrEnum):
    """Which submissions of an image count."""

    LATEST = "Latest"
    ALL = "All"


class AnnotationStatus(StrEnum):
    """How far the annotation of an image is."""

    PRE_ANNOTATION = "PreAnnotation"
    SUBMITTED = "Submitted"


_Word = Annotated[str, Field(min_length=1, max_length=_MAX_WORD_CHARS)]
_Words = Annotated[list[_Word], Field(max_length=_MAX_VALUES), SET]
_Instant = Annotated[
    str,
    Field(
        max_length=40,
        pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$",
    ),
]
"""A time such as 2026-01-31T12:00:00Z."""
_Pairs = Annotated[dict[str, _Word], Field(max_length=_MAX_PAIRS)]


class Search(ApiModel):
    """What to look for among annotated images; every filter that is given must hold."""

    files: (
        Annotated[
            list[
                Annotated[
                    str, Field(max_length=64, pattern="^([0-9a-f]{64}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$")
                ]
            ],
            Field(max_length=_MAX_FILES),
            ATOMIC,
        ]
        | None
    ) = None
    """One of these: ids of files, or the sha256 of their bytes."""
    sources: _Words | None = None
    """The image is from one of these sources."""
    content_types: _Words | None = None
    """One of these, such as image/jpeg."""
    metadata: _Pairs | None = None
    """Each of these keys of the image has this value."""
    classes_present: _Words | None = None
    """Of each of these classes there is an object."""
    classes_absent: _Words | None = None
    """Of none of these classes there is an object."""
    attributes: _Pairs | None = None
    """For each of these attributes some object has this value."""
    users: _Words | None = None
    """One of these submitted it."""
    statuses: Annotated[list[AnnotationStatus], Field(min_length=1, max_length=2), SET] | None = None
    """Submitted by a person (also where absent), or by a model (PreAnnotation)."""
    capability: _Word | None = None
    """It was submitted for this capability; Latest is then taken of its submissions."""
    training_runs: _Words | None = None
    """One of these runs made an observation in it."""
    uploaded_from: Annotated[_Instant, _instant("uploadedFrom")] | None = None
    """The image came then or later."""
    uploaded_until: Annotated[_Instant, _instant("uploadedUntil")] | None = None
    """The image came before."""
    submitted_from: Annotated[_Instant, _instant("submittedFrom")] | None = None
    """It was submitted then or later."""
    submitted_until: Annotated[_Instant, _instant("submittedUntil")] | None = None
    """It was submitted before."""


class SubmissionsSource(ApiModel):
    """Current annotations: of a FieldExtractorElement's documents, or of the images that searches find."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            Rule(
                "has(self.capabilityRef) != has(self.searches)",
                "submissions: exactly one is allowed of: capabilityRef (documents), searches (images)",
            ),
            Rule("has(self.searches) || !has(self.selection)", "selection: allowed with searches only"),
        )
    )

    capability_ref: NameRef | None = None
    """The FieldExtractorElement of the same namespace whose documents they are; each has its role (Train, Dev)."""
    searches: Annotated[list[Search], Field(min_length=1, max_length=MAX_SEARCHES), ATOMIC] | None = None
    """Among the namespace's annotated images: what any of these searches finds. An empty search finds all."""
    selection: Selection | None = None
    """Latest (also where absent): of each image the official annotation; All: every one that a search finds."""


class Source(ApiModel):
    """Where the data comes from: exactly one member is set."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            Rule(
                "[has(self.coco), has(self.imageFolder), has(self.manifest), has(self.submissions), has(self.voc),"
                " has(self.yolo)].filter(given, given).size() == 1",
                "source: exactly one is allowed of: coco, imageFolder, manifest, submissions, voc, yolo",
            )
        )
    )

    coco: CocoSource | None = None
    """A COCO detection file and its images in an object store."""
    yolo: YoloSource | None = None
    """A YOLO data set (detect or segment)."""
    voc: VocSource | None = None
    """A folder of Pascal VOC XML files."""
    image_folder: ImageFolderSource | None = None
    """A folder with one folder of images for each class; one object is the whole image."""
    manifest: ManifestSource | None = None
    """A manifest in Capforge's own format."""
    submissions: SubmissionsSource | None = None
    """Annotations that were made through the gateway."""
