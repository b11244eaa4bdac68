"""Whether a prediction is right: normalised values, and texts by their letters and digits. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from capforge_demo.documents.folder import Gold
from capforge_demo.documents.text import letters


@dataclass(frozen=True)
class Score:
    """How many fields of how many were right."""

    right: int = 0
    fields: int = 0

    def __add__(self, other: Score) -> Score:
        return Score(self.right + other.right, self.fields + other.fields)

    @property
    def percent(self) -> int:
        """Share of right ones, rounded down."""
        return 100 * self.right // (self.fields or 1)


def judged(document: dict[str, Any], gold: Gold, types: Mapping[str, str]) -> dict[str, bool]:
    """Tell for each field whether the answer's prediction is right (or rightly empty)."""
    prediction = document["inference"]["prediction"]
    return {name: _is_right(prediction.get(name) or {}, gold, name, type_) for name, type_ in types.items()}


def score(answers: Sequence[Mapping[str, bool]]) -> Score:
    """Return the sum over documents."""
    return sum((Score(sum(one.values()), len(one)) for one in answers), Score())


def _is_right(predicted: dict[str, Any], gold: Gold, name: str, type_: str) -> bool:
    values = predicted.get("values") or []
    if type_ == "Word":
        said = " ".join(str(one["content"]) for one in values)
        return letters(said) == letters(gold.fields.get(name) or "")
    wanted = gold.typed.get(name)
    return {str(one["content"]) for one in values} == ({wanted} if wanted else set())
