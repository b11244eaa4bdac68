"""What detectors, classifiers and embedders do alike: a network that learns step by step, with checkpoints."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from capforge_contracts.run import ModelCard
from capforge_trainer.card import model_card
from capforge_trainer.config import Parameters
from capforge_trainer.data.selection import Selection
from capforge_trainer.export.graph import OPSET
from capforge_trainer.fit.checkpoint import Checkpoints
from capforge_trainer.fit.plan import Fitted
from capforge_trainer.models.network import Network
from capforge_trainer.strategy import Strategy, Work
from capforge_trainer.surroundings import Artefact
from capforge_trainer.weights import packed

Material = TypeVar("Material")
N = TypeVar("N", bound=Network)
Scores = TypeVar("Scores")
P = TypeVar("P", bound=Parameters)


class NetworkStrategy(Strategy[Material, Fitted[N], Scores], Generic[Material, N, Scores, P]):
    """One attempt at a model of images. `N` is the network as it is trained, `P` what people may set."""

    several_processes = True

    def __init__(self, work: Work, parameters: P) -> None:
        """Make this attempt with these parameters."""
        super().__init__(work)
        self.parameters = parameters
        self.warnings: list[str] = []
        """Of the fit, for the card."""
        spec, attempt = work.spec, work.attempt
        self.checkpoints = Checkpoints(work.around.store, spec.namespace, spec.digest, attempt.number, attempt.store)

    def kept(self, network: N) -> Network:
        """Return the part of a trained network whose weights a later run may start from: all of it."""
        return network

    def weights(self, fitted: Fitted[N]) -> bytes:
        """What was exported, as torch has it."""
        return packed(self.kept(fitted.network))

    def tidy(self) -> None:
        """A finished run needs no checkpoints."""
        self.checkpoints.clear()

    def fitted_card(self, artefact: Artefact, fitted: Fitted[N], selection: Selection, **own: Any) -> ModelCard:
        """Return the model card: what every card of a fitted network has, and the type's own fields."""
        return model_card(
            self.work,
            self.parameters,
            artefact,
            outputs=sorted(self.work.spec.outputs, key=lambda output: output.position),
            ignored_classes=selection.ignored,
            opset=OPSET,
            epochs=fitted.epochs,
            best_epoch=fitted.best_epoch,
            train_seconds=round(fitted.seconds, 1),
            **own,
        )
