"""What goes wrong with documents, in the words of the API: translated in one place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from capforge_gateway.documents.media import ALLOWED
from capforge_gateway.documents.ports import (
    AlreadyAnnotated,
    NotAnnotated,
    NotReadYet,
    ReaderAway,
    StorageAway,
    UnknownDocument,
    UnreadableDocument,
)
from capforge_gateway.errors import (
    ApiError,
    bad_request,
    conflict,
    not_found,
    reader_away,
    storage_away,
    unsupported_media,
)
from capforge_transforms.documents import AnnotationFaults

_MAX_FAULTS = 200


@contextmanager
def translated(what: str = "document") -> Iterator[None]:
    """Raise each fault of the document loop inside the block as the ApiError that the caller gets."""
    try:
        yield
    except StorageAway as error:
        raise storage_away(str(error)) from error
    except ReaderAway as error:
        raise reader_away(str(error) or "documents cannot be read now; send again in a moment") from error
    except UnreadableDocument as error:
        raise unreadable(error) from error
    except UnknownDocument as error:
        raise not_found(f"there is no such {what} of this product; it may have been deleted") from error
    except AlreadyAnnotated as error:
        message = "the document has an annotation already: PUT replaces it, DELETE removes it"
        raise conflict("AlreadyAnnotated", message, way_out="PUT") from error
    except NotAnnotated as error:
        raise conflict("NotAnnotated", "the document has no annotation: POST submits one", way_out="POST") from error
    except NotReadYet as error:
        raise reader_away("the document has not been read yet; send again in a moment") from error
    except AnnotationFaults as error:
        raise wrong_annotation(error) from error


def unreadable(error: UnreadableDocument) -> ApiError:
    """Return the refusal of a file that cannot be read: the reason is in its details, for programs."""
    match error.code:
        case "FileTooLarge":
            return ApiError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, error.code, str(error))
        case "UnsupportedMediaType":
            return unsupported_media("a file of another kind", ALLOWED)
        case "ReadingTimeout":
            return ApiError(HTTPStatus.GATEWAY_TIMEOUT, "RequestTimeout", str(error))
        case "ReadingFailed":
            return ApiError(HTTPStatus.INTERNAL_SERVER_ERROR, "ServerError", str(error))
    return bad_request(str(error), reason=error.code)


def wrong_annotation(error: AnnotationFaults) -> ApiError:
    """Return the refusal that lists every fault, so that the person gets the whole list at once."""
    shown = error.faults[:_MAX_FAULTS]
    return bad_request(
        "the annotation cannot be taken: " + "; ".join(f"{one.path}: {one.message}" for one in shown[:5]),
        faults=[{"code": one.code, "path": one.path, "message": one.message} for one in shown],
    )
