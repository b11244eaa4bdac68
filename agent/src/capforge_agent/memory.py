"""What must survive the agent: which models are proven, and which ones were in hand when something ended."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog

_log = structlog.get_logger()


@dataclass(frozen=True)
class Suspicion:
    """How often Triton, or this agent, ended while it worked on a model."""

    fingerprint: str
    crashes: int = 0
    in_hand: bool = False
    """A step on it was begun and has not ended."""


class Memory:
    """A small file on the pod's own volume, replaced as a whole. Not thread-safe: its owner holds a lock.

    - A model is proven from the success of its golden request until somebody begins to load or unload it; only agents
      do, so an agent that starts anew need not prove again what Triton still has.
    - A step that was begun and never ended, because the agent died in it, counts as a crash of that model.
    - A fingerprint goes with each: another golden file or configuration starts from nothing.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._proven: dict[str, str] = {}
        self._suspicions: dict[str, Suspicion] = {}
        self._read()

    def is_proven(self, model: str, fingerprint: str) -> bool:
        """Tell whether the model was proven since it was last loaded."""
        return self._proven.get(model) == fingerprint

    def crashes(self, model: str, fingerprint: str) -> int:
        """Return how often something ended while the model was in hand."""
        known = self._suspicions.get(model)
        return known.crashes if known and known.fingerprint == fingerprint else 0

    def begin(self, model: str, fingerprint: str, *, unproves: bool) -> None:
        """Write down, before a step, that it begins; `unproves`: what Triton has changes by it."""
        if unproves:
            self._proven.pop(model, None)
        self._suspicions[model] = Suspicion(fingerprint, self.crashes(model, fingerprint), in_hand=True)
        self._write()

    def end(self, model: str) -> None:
        """The step ended, well or badly, without taking anything down."""
        self._put(model, crashed=False)

    def crash(self, model: str) -> None:
        """The step took the server down."""
        self._put(model, crashed=True)

    def prove(self, model: str, fingerprint: str) -> None:
        """The golden request was answered rightly: nothing is held against the model any more."""
        self._suspicions.pop(model, None)
        self._proven[model] = fingerprint
        self._write()

    def unprove(self, model: str) -> None:
        """Triton lost the model."""
        if self._proven.pop(model, None) is not None:
            self._write()

    def forget(self, model: str) -> None:
        """The model is not wanted any more."""
        if (self._proven.pop(model, None), self._suspicions.pop(model, None)) != (None, None):
            self._write()

    def close(self) -> None:
        """The agent ends in good order: what is in hand is not to blame."""
        for model in list(self._suspicions):
            self._put(model, crashed=False)

    def _put(self, model: str, *, crashed: bool) -> None:
        known = self._suspicions.pop(model, None)
        crashes = (known.crashes if known else 0) + crashed
        if known and crashes:
            self._suspicions[model] = Suspicion(known.fingerprint, crashes)
        self._write()

    def _read(self) -> None:
        try:
            document = json.loads(self._file.read_bytes())
            self._proven = {str(model): str(made_from) for model, made_from in document["proven"].items()}
            found = {model: Suspicion(**fields) for model, fields in document["suspicions"].items()}
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            _log.warning("memory not readable", file=str(self._file), error=str(error))
            self._proven = {}
            return
        for model, known in found.items():
            if known.crashes or known.in_hand:
                self._suspicions[model] = Suspicion(known.fingerprint, known.crashes + known.in_hand)

    def _write(self) -> None:
        document = {
            "proven": self._proven,
            "suspicions": {model: asdict(known) for model, known in self._suspicions.items()},
        }
        partial = self._file.with_name(f"{self._file.name}.partial")
        try:
            partial.write_text(json.dumps(document))
            partial.replace(self._file)
        except OSError as error:  # a full disk must not keep a model from being served
            _log.warning("memory not written", error=str(error))
