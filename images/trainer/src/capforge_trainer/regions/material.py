"""The regions of a run as training and evaluation see them."""

from __future__ import annotations

from dataclasses import dataclass

from capforge_contracts.run import CropSettings, Phase
from capforge_trainer.data.blobs import Blobs
from capforge_trainer.data.looks import looks_of
from capforge_trainer.data.pictures import Pictures
from capforge_trainer.data.selection import Rules, Selection, select
from capforge_trainer.data.telling import colour_share
from capforge_trainer.regions.crops import Crops
from capforge_trainer.regions.examples import examples_of
from capforge_trainer.regions.parameters import CropParameters
from capforge_trainer.regions.size import crop_settings
from capforge_trainer.strategy import Work


@dataclass(frozen=True)
class RegionMaterial:
    """Everything that is read; dev and test are cut as serving does it."""

    selection: Selection
    settings: CropSettings
    train: Crops
    """Cut as serving does it too, unless `margin` asks for what lies around."""
    dev: Crops
    test: Crops
    colour_share: float = 1.0
    """How much of the usual change of light and colours the regions bear."""


def gather(work: Work, rules: Rules, parameters: CropParameters, margin: float = 0.0) -> RegionMaterial:
    """Read the manifests, fetch all images, choose the crop's size; raises BadDataError, BadConfigurationError.

    Training crops are larger by `margin` of the sides on each side, in pixels and in what they show: room to move in.
    """
    selection = select(work.attempt.store, work.spec, rules)
    blobs = Blobs(work.attempt.store, work.spec.namespace, work.around.cache)
    items = [*selection.train, *selection.dev, *selection.test]
    blobs.fetch_all(items, lambda count: work.phase(Phase.PREPARING, count / len(items)))
    pictures = Pictures(blobs.read, (1, 1))  # nobody asks for smaller ones
    looks = looks_of(selection.train, pictures.first)
    settings = crop_settings(parameters, examples_of(selection.train), looks)
    return RegionMaterial(
        selection,
        settings,
        Crops(selection.train, pictures, widened(settings, margin)),
        Crops(selection.dev, pictures, settings),
        Crops(selection.test, pictures, settings),
        colour_share(looks),
    )


def widened(settings: CropSettings, margin: float) -> CropSettings:
    """Return settings for a crop that shows more on each side, in the same resolution."""
    factor = 1 + 2 * margin
    return settings.model_copy(
        update={
            "width": round(settings.width * factor),
            "height": round(settings.height * factor),
            "scale": settings.scale * factor,
            "padding_pixels": round(settings.padding_pixels * factor),
        }
    )
