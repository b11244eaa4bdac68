"""Annotated images put together from their parts, as the gateway opens them."""

from __future__ import annotations

from starlette.routing import BaseRoute

from capforge_gateway.documents.loop import Neighbours
from capforge_gateway.documents.ports import Blobs
from capforge_gateway.documents.rates import Rates
from capforge_gateway.settings import Settings
from capforge_gateway.vision.draft_calls import DraftCalls
from capforge_gateway.vision.file_calls import FileCalls
from capforge_gateway.vision.ports import VisionStore
from capforge_gateway.vision.search_calls import SearchCalls
from capforge_gateway.vision.submission_calls import SubmissionCalls
from capforge_gateway.vision.visitors import Visitors


def vision_routes(
    settings: Settings, near: Neighbours, rates: Rates, store: VisionStore, blobs: Blobs
) -> list[BaseRoute]:
    """Return the routes of every call about images; `rates` are those of documents: a key asks once."""
    visitors = Visitors(near.door, rates, near.admission, settings.upload_timeout_seconds)
    url, page = settings.external_url, settings.documents_on_page
    files = FileCalls(visitors, store, blobs, near.threads, near.fetcher, url, settings.max_image_bytes, page)
    submissions = SubmissionCalls(visitors, store, near.threads, url, page)
    searching, drafts = SearchCalls(visitors, store, url), DraftCalls(visitors, store, url)
    return [route for calls in (files, submissions, searching, drafts) for route in calls.routes()]
