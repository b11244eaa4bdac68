"""Dataset: labelled data, frozen when its snapshot succeeds."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from capforge_operator.api.base import Column, Kind, Resource, Status
from capforge_operator.api.model import ApiModel
from capforge_operator.api.schema import (
    ATOMIC,
    NAME_RULES,
    ClassName,
    Count,
    Digest,
    Message,
    Percent,
    Reason,
    Rule,
    Seed,
    Text,
    Time,
    Uri,
    checked,
    map_by,
    rules,
)

MAX_FAULTS = 20
MAX_CLASSES = 512
_S3_FILE = Rule(
    "self.matches('^s3://[a-z0-9][-a-z0-9.]{1,61}[a-z0-9]/.*[^/]$') && !self.contains('/../')",
    "annotationsUri: allowed is the address of a file in an object store, s3://<bucket>/<path>/<file>.json",
)
_S3_FOLDER = Rule(
    "self.matches('^s3://[a-z0-9][-a-z0-9.]{1,61}[a-z0-9](/.*)?$') && !self.contains('/../')",
    "imagesUri: allowed is the address of a folder in an object store, s3://<bucket>/<path>/",
)


class OnFault(StrEnum):
    """What to do about a faulty record."""

    REJECT = "Reject"
    SKIP = "Skip"


class CocoSource(ApiModel):
    """A COCO detection file and its images in an object store."""

    annotations_uri: Annotated[Uri, checked(_S3_FILE)]
    """Address of the COCO JSON file, such as s3://capforge/team-a/cells/annotations.json."""
    images_uri: Annotated[Uri, checked(_S3_FOLDER)] | None = None
    """Folder that each image's `file_name` is relative to; if absent, the folder of the annotations file."""


class Source(ApiModel):
    """Where the data comes from: exactly one member is set."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            Rule("[has(self.coco)].filter(given, given).size() == 1", "source: exactly one is allowed of: coco")
        )
    )

    coco: CocoSource | None = None
    """A COCO detection file and its images in an object store."""


class Split(ApiModel):
    """Shares of the items, drawn by content hash; what is left is the train part."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            Rule(
                "self.devPercent + self.testPercent <= 99",
                "split: devPercent + testPercent may be at most 99, so that something is left to train on",
            )
        )
    )

    dev_percent: Percent = 0
    """Percent of the items that choose checkpoint and threshold."""
    test_percent: Percent = 0
    """Percent of the items that are looked at once, at the end."""
    seed: Seed = 0
    """Another seed draws another split."""


class DatasetSpec(ApiModel):
    """What people decide about a dataset."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            Rule(
                "!has(oldSelf.expectedDigest)"
                " || (has(self.expectedDigest) && self.expectedDigest == oldSelf.expectedDigest)",
                "expectedDigest may be added once and is then immutable; for other data make a new Dataset",
            )
        )
    )

    description: Text | None = None
    """For the people who use it."""
    source: Source
    """Where the data comes from: exactly one member is set."""
    split: Split | None = None
    """Divides the items; if absent, all are train items."""
    on_fault: OnFault = OnFault.REJECT
    """What to do about faulty records: Reject the whole dataset or Skip them. Either way every fault is listed."""
    expected_digest: Digest | None = None
    """Lock only if the data has this digest, as `status.digest` showed it before: pins data in Git."""


class ClassCount(ApiModel):
    """How often a class occurs."""

    name: ClassName
    """The class's name."""
    count: Count
    """How many entities have it."""


class Fault(ApiModel):
    """One thing that is wrong with one record of the source."""

    code: Reason
    """Which kind of fault, in CamelCase."""
    file: Uri
    """The file that holds the record."""
    record: Annotated[str, Field(max_length=512)]
    """Which record of the file."""
    message: Message
    """What is wrong and what is allowed."""


class DatasetStatus(Status):
    """What is; computed from the snapshot."""

    digest: Digest | None = None
    """The sha256 of the locked content; once set, neither it nor the spec changes."""
    short_digest: Annotated[str, Field(max_length=12)] | None = None
    """The digest's first 12 digits."""
    items: Count | None = None
    """How many images it holds."""
    entities: Count | None = None
    """How many labelled objects it holds."""
    class_count: Count | None = None
    """How many classes it declares."""
    classes: Annotated[list[ClassCount], Field(max_length=MAX_CLASSES), map_by("name")] = []
    """How often each class occurs, the most frequent first; at most 512 are listed."""
    train_items: Count | None = None
    """Items of the train part."""
    dev_items: Count | None = None
    """Items of the dev part."""
    test_items: Count | None = None
    """Items of the test part."""
    fault_count: Count | None = None
    """How many faults the source has."""
    faults: Annotated[list[Fault], Field(max_length=MAX_FAULTS), ATOMIC] = []
    """The first 20 faults."""
    faults_uri: Uri | None = None
    """Where the complete list of faults lies, one JSON object per line."""
    manifest_uri: Uri | None = None
    """Where the canonical list of items lies."""
    as_of_time: Time | None = None
    """The time that the source was asked for."""
    progress_percent: Percent | None = None
    """How far the snapshot has come."""


class Dataset(Resource):
    """Labelled data for training. It locks itself when its snapshot succeeds; new data needs a new name."""

    KIND: ClassVar[Kind] = Kind(
        kind="Dataset",
        plural="datasets",
        short="cfds",
        namespaced=True,
        columns=(
            Column.of_condition("Ready", "Ready", "status", "Whether it is locked and can be trained on."),
            Column.of_condition("Reason", "Ready", "reason", "Why."),
            Column("Items", "integer", ".status.items", "How many images it holds."),
            Column("Classes", "integer", ".status.classCount", "How many classes it declares."),
            Column("Digest", "string", ".status.shortDigest", "The first 12 digits of the content's sha256."),
            Column.age(),
            Column.of_condition("Message", "Ready", "message", "Why, for people.", wide=True),
        ),
        rules=(
            *NAME_RULES,
            Rule(
                "!has(oldSelf.status) || !has(oldSelf.status.digest) || ("
                "self.spec.source == oldSelf.spec.source"
                " && has(self.spec.split) == has(oldSelf.spec.split)"
                " && (!has(self.spec.split) || self.spec.split == oldSelf.spec.split)"
                " && self.spec.onFault == oldSelf.spec.onFault)",
                "spec: source, split and onFault are immutable once the dataset is locked (status.digest is set);"
                " for other data make a new Dataset",
            ),
            Rule(
                "!has(oldSelf.status) || !has(oldSelf.status.digest)"
                " || (has(self.status) && has(self.status.digest) && self.status.digest == oldSelf.status.digest)",
                "status.digest is immutable once it is set",
            ),
        ),
    )

    spec: DatasetSpec
    """What people decide about a dataset."""
    status: DatasetStatus = DatasetStatus()
    """What is; computed from the snapshot."""
