"""From crops to classes: a body that sees, and one decision."""

from __future__ import annotations

from torch import Tensor, nn

from capforge_trainer.classification.parameters import (
    ClassifierParameters,
    MobilenetClassifierParameters,
    ResnetClassifierParameters,
    SmallClassifierParameters,
)
from capforge_trainer.models.bodies import SmallBody, TorchvisionBody, pooled
from capforge_trainer.models.network import Network
from capforge_trainer.models.normal import Normal

_MOBILENET = "mobilenet_v3_large"


class Classifier(Network):
    """uint8 crops [N,H,W,3] → logits float32 [N,C]."""

    def __init__(self, body: SmallBody | TorchvisionBody, classes: int, dropout: float) -> None:
        """Decide between `classes` by what the body sees."""
        super().__init__()
        self.normal = Normal()
        self.body = body
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(2 * body.channels, classes)
        nn.init.zeros_(self.head.bias)

    def forward(self, crops: Tensor) -> Tensor:
        """Return the logits."""
        return self.head(self.dropout(pooled(self.body(self.normal(crops))))).float()


class Scored(Network):
    """uint8 crops [N,H,W,3] → scores float32 [N,C] that sum to 1: what is exported."""

    def __init__(self, classifier: Classifier) -> None:
        """Of this classifier."""
        super().__init__()
        self.classifier = classifier

    def forward(self, crops: Tensor) -> Tensor:
        """Return the scores."""
        return self.classifier(crops).softmax(dim=1)


def network_of(parameters: ClassifierParameters, classes: int) -> Classifier:
    """Return the template's network with random weights."""
    match parameters:
        case SmallClassifierParameters(model=small):
            return Classifier(SmallBody(small.width), classes, small.dropout)
        case MobilenetClassifierParameters(model=mobilenet):
            return Classifier(TorchvisionBody(_MOBILENET), classes, mobilenet.dropout)
        case ResnetClassifierParameters(model=resnet):
            return Classifier(TorchvisionBody(resnet.backbone), classes, resnet.dropout)
        case _:
            message = f"{type(parameters).__name__} name no network"
            raise TypeError(message)
