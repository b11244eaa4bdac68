"""An engine that counts how often it is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from capforge_candidates.engines.port import Engine, FoundWord, Pixels
from capforge_contracts.reading import Engine as EngineName


@dataclass
class Counting:
    """Passes everything on to the engine."""

    engine: Engine
    pages: int = 0
    turns: int = 0

    @property
    def name(self) -> EngineName:
        return self.engine.name

    @property
    def version(self) -> str:
        return self.engine.version

    @property
    def knows_lines(self) -> bool:
        return self.engine.knows_lines

    def words(self, grey: Pixels) -> Sequence[FoundWord]:
        self.pages += 1
        return self.engine.words(grey)

    def turn(self, grey: Pixels) -> int | None:
        self.turns += 1
        return self.engine.turn(grey)
