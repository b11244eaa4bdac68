"""From crops to unit vectors: a body that sees, a projection, and the length divided out inside the network."""

from __future__ import annotations

from torch import Tensor, nn

from capforge_trainer.models.bodies import pooled
from capforge_trainer.models.network import Network
from capforge_trainer.models.normal import Normal

_SMALLEST_LENGTH = 1e-6
"""Below this a vector has no direction; the graph divides by this instead of by nothing."""


class Embedder(Network):
    """uint8 crops [N,H,W,3] → embeddings float32 [N,D] of length 1."""

    def __init__(self, body: nn.Module, channels: int, size: int) -> None:
        """Project what the body answers, [N,channels,h,w], to `size` numbers."""
        super().__init__()
        self.normal = Normal()
        self.body = body
        self.size = size
        self.projection = nn.Linear(2 * channels, size, bias=False)
        # Centred: without it, all vectors start in one narrow cone and spend the first epochs leaving it.
        self.centre = nn.BatchNorm1d(size, affine=False)

    def forward(self, crops: Tensor) -> Tensor:
        """Return the embeddings."""
        vectors = self.centre(self.projection(pooled(self.body(self.normal(crops)))).float())
        return vectors / vectors.norm(dim=1, keepdim=True).clamp(min=_SMALLEST_LENGTH)
