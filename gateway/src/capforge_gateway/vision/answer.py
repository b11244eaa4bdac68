"""Annotated images as they go over the wire. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from capforge_contracts.vision import Search
from capforge_gateway.cursors import cursor_of, no_cursor, place_in
from capforge_gateway.vision.ports import Draft, Figures, Found, Place, SubmissionRow, VisionFile

Json = dict[str, Any]
PROVENANCE = {"element": "element", "modelVersion": "model_version", "trainingRun": "training_run"}
"""A stored name and the one on the wire."""
_MAX_SEQUENCE = 2**62


def file_shown(file: VisionFile) -> Json:
    """Return a File."""
    return {
        "id": file.id,
        "name": file.name,
        "content_type": file.content_type,
        "sha256": file.sha256,
        "size_bytes": file.size_bytes,
        "width": file.width,
        "height": file.height,
        "source": file.source,
        "metadata": dict(file.metadata),
        "uploader": file.uploader,
        "uploaded_at": file.created,
    }


def submission_shown(row: SubmissionRow | None) -> Json | None:
    """Return a Submission."""
    if row is None:
        return None
    return {
        "id": row.id,
        "sequence": row.sequence,
        "file": row.file,
        "capability": row.capability,
        "annotator": row.annotator,
        "status": row.status,
        "submitted_at": row.time,
        "entities": [_entity(one) for one in row.entities],
    }


def _entity(stored: Mapping[str, Any]) -> Json:
    location = {"box": stored["box"]}
    if "polygon" in stored:
        location["polygon"] = stored["polygon"]
    if "trackId" in stored:
        location["track_id"] = stored["trackId"]
    return {
        "id": stored["id"],
        "location": location,
        "observations": [_observation(one) for one in stored.get("observations", ())],
    }


def _observation(stored: Mapping[str, Any]) -> Json:
    said = stored.get("provenance")
    if said is None:
        return dict(stored)
    return {**stored, "provenance": {wire: said[name] for name, wire in PROVENANCE.items() if name in said}}


def found_shown(found: Found) -> Json:
    """Return a Result."""
    return {"file": file_shown(found.file), "submission": submission_shown(found.submission)}


def figures_shown(figures: Figures) -> Json:
    """Return Figures."""
    classes = [{"name": one.name, "objects": one.objects, "files": one.files} for one in figures.classes]
    return {"files": figures.files, "submissions": figures.submissions, "classes": classes}


def draft_shown(draft: Draft) -> Json:
    """Return a Draft."""
    return {
        "name": draft.name,
        "description": draft.description,
        "selection": draft.selection,
        "searches": [search_shown(one) for one in draft.searches],
        "author": draft.author,
        "created_at": draft.created,
        "changed_at": draft.changed,
    }


def search_shown(search: Search) -> Json:
    """Return the filters that are set."""
    return search.model_dump(mode="json", exclude_defaults=True)


def next_page(created: datetime, file: str, sequence: int = 0) -> str:
    """Return where the next page begins, for the caller to hand back."""
    return cursor_of([created, file, sequence])


def place_of(cursor: str | None) -> Place | None:
    """Return what a cursor says; raises 400."""
    if cursor is None:
        return None
    try:
        created, file, sequence = place_in(cursor)
        moment = datetime.fromisoformat(created)
        place = Place(moment, str(UUID(file)), sequence)
    except (ValueError, TypeError, AttributeError) as error:
        raise no_cursor() from error
    if not (moment.tzinfo and isinstance(sequence, int) and 0 <= sequence <= _MAX_SEQUENCE):
        raise no_cursor()
    return place
