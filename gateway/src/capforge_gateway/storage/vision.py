"""The port VisionStore on PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from capforge_gateway.storage.vision_drafts import VisionDrafts
from capforge_gateway.storage.vision_files import VisionFiles
from capforge_gateway.storage.vision_finding import VisionFinding
from capforge_gateway.storage.vision_submissions import VisionSubmissions

if TYPE_CHECKING:
    from capforge_gateway.vision.ports import VisionStore


class PostgresVision(VisionFiles, VisionSubmissions, VisionFinding, VisionDrafts):
    """All tables."""


if TYPE_CHECKING:

    def _(vision: PostgresVision) -> VisionStore:
        return vision
