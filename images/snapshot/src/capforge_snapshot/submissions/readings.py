"""The reading of a document, fetched from the blobs and proven to be the one that was annotated."""

from __future__ import annotations

from pydantic import ValidationError

from capforge_contracts import layout
from capforge_contracts.model import sha256_hex, wrong_fields
from capforge_contracts.reading import Reading
from capforge_contracts.store import NotFound, ObjectStore
from capforge_contracts.submissions import Submission
from capforge_snapshot.submissions.faults import FaultCode, LabelFault

MAX_READING_BYTES = 32 * 1024 * 1024
"""A page of 2,000 words with all its values takes half a MiB."""


def fetch_reading(store: ObjectStore, namespace: str, submission: Submission) -> Reading | LabelFault:
    """Return the reading, or what is wrong with it; raises StoreError where the store does not answer."""
    key = layout.blob(namespace, submission.reading_sha256)
    try:
        with store.open(key) as stream:
            data = stream.read(MAX_READING_BYTES + 1)
    except NotFound:
        message = f"its reading {key} is not in the store; was the document purged? annotate it again or delete it"
        return LabelFault(FaultCode.MISSING_READING, message)
    if len(data) > MAX_READING_BYTES:
        message = f"its reading {key} has more than {MAX_READING_BYTES} bytes; allowed: at most that"
        return LabelFault(FaultCode.TOO_LARGE, message)
    if sha256_hex(data) != submission.reading_sha256:
        message = f"the bytes of its reading {key} do not have that digest; they were changed or damaged"
        return LabelFault(FaultCode.DAMAGED_READING, message)
    try:
        return Reading.from_json(data)
    except ValidationError as error:
        message = f"its reading {key}: {wrong_fields(error)[0]}"
        return LabelFault(FaultCode.DAMAGED_READING, message)
