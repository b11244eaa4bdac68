"""How each step is done: the object store, the repository and Triton, one model at a time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from capforge_agent.failures import ModelFailedError, Reason, ServerAwayError
from capforge_agent.golden_request import Array, GoldenRequest, compare, read_golden
from capforge_agent.repository import ModelRepository
from capforge_agent.steps import Action, Step
from capforge_agent.triton import RefusedError, TritonServer
from capforge_contracts.serving import DesiredModel
from capforge_contracts.store import ObjectStore


class Stepper:
    """Carries out one action; thread-safe. Raises ModelFailedError, ServerAwayError."""

    def __init__(
        self, store: ObjectStore, repository: ModelRepository, server: TritonServer, max_golden_bytes: int
    ) -> None:
        self._store = store
        self._repository = repository
        self._server = server
        self._max_golden_bytes = max_golden_bytes

    def do(self, action: Action, entry: DesiredModel | None) -> None:
        """Do it; `entry` is None only for a model that is not desired any more."""
        match action.step:
            case Step.UNLOAD:
                self._unload(action.model)
            case Step.DELETE:
                self._repository.delete(action.model)
            case Step.LOAD:
                self._server.load(action.model)
            case Step.PULL if entry:
                self._repository.pull(entry, self._store)
            case Step.PROVE if entry:
                self._prove(entry)

    def _unload(self, model: str) -> None:
        try:
            self._server.unload(model)
        except RefusedError as error:
            raise ModelFailedError(Reason.LOAD_FAILED, f"it cannot be unloaded: {error}") from error

    def _prove(self, entry: DesiredModel) -> None:
        request = read_golden(self._repository.golden(entry.model), self._max_golden_bytes)
        try:
            compare(request, self._served(entry, request))
        except RefusedError as error:
            self._blame_the_server_if_it_lost_the_model(entry.model, error)
            raise ModelFailedError(Reason.GOLDEN_MISMATCH, f"the golden request is not answered: {error}") from error

    def _served(self, entry: DesiredModel, request: GoldenRequest) -> Mapping[str, Array]:
        """Answer the request in batches that the model takes."""
        size = entry.max_batch_size
        parts = [
            self._server.infer(entry.model, request.slice(start, start + size))
            for start in range(0, request.rows, size)
        ]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _blame_the_server_if_it_lost_the_model(self, model: str, refusal: RefusedError) -> None:
        if self._server.index().get(model) != "READY":
            raise ServerAwayError(f"Triton restarted during the golden request: {refusal}") from refusal
