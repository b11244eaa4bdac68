"""What classifiers and embedders do alike: regions in, one output for each crop out."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Generic, TypeVar

from capforge_contracts.run import ModelCard
from capforge_trainer.config import Parameters
from capforge_trainer.fit.plan import Fitted
from capforge_trainer.models.network import Network
from capforge_trainer.network_strategy import NetworkStrategy
from capforge_trainer.regions.artefact import MAX_BATCH_SIZE, export, input_tensors, output_tensors
from capforge_trainer.regions.material import RegionMaterial
from capforge_trainer.surroundings import Artefact

N = TypeVar("N", bound=Network)
Scores = TypeVar("Scores")
P = TypeVar("P", bound=Parameters)


class RegionStrategy(NetworkStrategy[RegionMaterial, N, Scores, P], Generic[N, Scores, P]):
    """One attempt at a model of crops. `N` is the network as it is trained, `P` what people may set."""

    output: ClassVar[str]
    """Name of the tensor that is answered."""

    @abstractmethod
    def served(self, network: N) -> Network:
        """Return the network that is exported: crops in, the output out."""

    def export(self, fitted: Fitted[N], material: RegionMaterial) -> Artefact:
        """Export with everything inside that makes answers of pixels."""
        exporter = self.work.around.exporter or export
        return exporter(self.served(fitted.network), self.output, material.dev)

    def card_of(
        self, artefact: Artefact, fitted: Fitted[N], material: RegionMaterial, output_size: int, **own: Any
    ) -> ModelCard:
        """Return the model card: what every card of regions has, and the type's own fields."""
        settings = material.settings
        return self.fitted_card(
            artefact,
            fitted,
            material.selection,
            inputs=input_tensors(settings),
            model_outputs=output_tensors(self.output, output_size),
            max_batch_size=MAX_BATCH_SIZE,
            input_width=settings.width,
            input_height=settings.height,
            crop=settings,
            **own,
        )
