"""Faults of annotated images as the refusals that callers get."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from capforge_contracts.telling import told
from capforge_contracts.vision import MAX_SEARCHES
from capforge_gateway.documents.ports import StorageAway, UnknownDocument
from capforge_gateway.errors import ApiError, bad_request, conflict, not_found, storage_away
from capforge_gateway.vision.entities import EntityFaults
from capforge_gateway.vision.ports import (
    DraftExists,
    FileDiffers,
    SubmissionDiffers,
    TooManyDrafts,
    TooManySearches,
    UnknownDraft,
    UnknownFile,
)

_MAX_FAULTS = 200
_SHOWN = 5
_Model = TypeVar("_Model", bound=BaseModel)


@contextmanager
def translated() -> Iterator[None]:
    """Raise each fault inside the block as the ApiError that the caller gets."""
    try:
        yield
    except StorageAway as error:
        raise storage_away(str(error)) from error
    except (UnknownFile, UnknownDocument) as error:
        raise not_found("there is no such file in this namespace; it may have been deleted") from error
    except UnknownDraft as error:
        raise not_found("there is no such draft in this namespace") from error
    except FileDiffers as error:
        message = "the namespace has this image already, with another source or other metadata; what is told about a "
        raise conflict("FileExists", message + "file does not change", file=error.file) from error
    except SubmissionDiffers as error:
        message = "there is a submission with this id that says something else; choose a new id for a new submission"
        raise conflict("SubmissionExists", message, field="id") from error
    except DraftExists as error:
        raise conflict(
            "DraftExists", "there is a draft of this name already: PUT replaces it", way_out="PUT"
        ) from error
    except TooManySearches as error:
        raise bad_request(f"the draft would have more than {MAX_SEARCHES} searches", field="searches") from error
    except TooManyDrafts as error:
        message = "the drafts of the namespace would take too much room together; delete some, or name fewer files"
        raise conflict("TooManyDrafts", message, way_out="DELETE") from error
    except EntityFaults as error:
        raise _wrong_entities(error) from error


def validated(model: type[_Model], given: Mapping[str, Any]) -> _Model:
    """Return what a body says; raises 400 with every fault."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        faults = [
            {"code": one["type"], "path": ".".join(map(str, one["loc"]))[:200] or "(body)", "message": told(one, model)}
            for one in error.errors(include_url=False, include_input=False, include_context=False)
        ]
        raise _faulty("the request cannot be taken", faults) from error


def _wrong_entities(error: EntityFaults) -> ApiError:
    faults = [{"code": one.code, "path": one.path, "message": one.message} for one in error.faults]
    return _faulty("the entities cannot be taken", faults)


def _faulty(what: str, faults: list[dict[str, str]]) -> ApiError:
    shown = "; ".join(f"{one['path']}: {one['message']}" for one in faults[:_SHOWN])
    more = f" (and {len(faults) - _SHOWN} more)" if len(faults) > _SHOWN else ""
    return bad_request(f"{what}: {shown}{more}", faults=faults[:_MAX_FAULTS], count=len(faults))
