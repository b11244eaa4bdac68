"""Where a classifier's or embedder's entities come from, and whether they can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from capforge_operator.api.capability import Capability, CapabilityType, Output
from capforge_operator.domain.conditions import FALSE, TRUE, Finding
from capforge_operator.domain.versions import NO_MODEL

INPUT_CONNECTED = "InputConnected"
UNKNOWN_INPUT = "UnknownInput"
MAX_LINKS = 7
"""So many capabilities are asked before one, at most: the gateway runs no more than eight for a request."""
_WITHOUT_MODEL = {None, str(NO_MODEL)}


@dataclass(frozen=True)
class Upstream:
    """What follows from inputFrom, the nearest first, as far as it goes."""

    links: tuple[Capability, ...] = ()
    next: str | None = None
    """The name that leads on: to nothing, back into the chain, or further than MAX_LINKS. None: the chain ends."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the capabilities."""
        return tuple(one.metadata.name for one in self.links)


@dataclass(frozen=True)
class InputProblem:
    """Why entities cannot come."""

    reason: str
    message: str
    awaited: bool = False
    """Others mend it, and then it goes on by itself."""


def input_of(capability: Capability) -> str | None:
    """Return the name that inputFrom gives."""
    return capability.spec.input_from.capability_ref.name if capability.spec.input_from else None


def input_problem(capability: Capability, upstream: Upstream) -> InputProblem | None:
    """Return what stands in the way of ever getting entities; None for what takes none from elsewhere."""
    if input_of(capability) is None:
        return None
    return _broken_chain(capability.metadata.name, upstream) or _dry_source(upstream)


def input_findings(capability: Capability, upstream: Upstream) -> list[Finding]:
    """Return the condition that a capability with inputFrom has."""
    if input_of(capability) is None:
        return []
    problem = input_problem(capability, upstream) or _without_model(upstream)
    if problem is not None:
        return [Finding(INPUT_CONNECTED, FALSE, problem.reason, problem.message)]
    return [Finding(INPUT_CONNECTED, TRUE, "Connected", f"Entities come from {_path(upstream.names)}.")]


def input_warnings(capability: Capability, upstream: Upstream) -> list[str]:
    """Return a warning for filtered classes that nothing upstream ever says."""
    wanted = capability.spec.input_filter
    if wanted is None or input_problem(capability, upstream) is not None:
        return []
    known = {output.name for one in upstream.links for output in _outputs(one)}
    lacking = sorted(set(wanted.classes) - known)
    if not lacking:
        return []
    names = _path(upstream.names)
    return [f"inputFilter.classes: {names} has no {', '.join(lacking)}; its classes are: {', '.join(sorted(known))}"]


def _broken_chain(name: str, upstream: Upstream) -> InputProblem | None:
    if upstream.next is None:
        return None
    path = _path((name, *upstream.names, upstream.next))
    if upstream.next in {name, *upstream.names}:
        return InputProblem("InputCycle", f"inputFrom leads back to where it came from: {path}.")
    if len(upstream.links) >= MAX_LINKS:
        return InputProblem("InputTooLong", f"inputFrom leads over more than {MAX_LINKS} capabilities: {path}.")
    return InputProblem(UNKNOWN_INPUT, f"inputFrom: there is no Capability {upstream.next} ({path}).", awaited=True)


def _dry_source(upstream: Upstream) -> InputProblem | None:
    """Say of the chain's last capability, or of one on the way, that it gives no entities of its own."""
    for one in upstream.links:
        kind, name = one.spec.type, one.metadata.name
        if kind is CapabilityType.FIELD_EXTRACTOR:
            return InputProblem(
                "InputWithoutEntities",
                f"inputFrom: {name} is a {kind.value}; allowed: a DetectorElement, or a BoxClassifierElement"
                " or BoxEmbedderElement with an inputFrom of its own.",
            )
        if kind is not CapabilityType.DETECTOR and input_of(one) is None:
            return InputProblem(
                "InputWithoutEntities",
                f"inputFrom: {name} is a {kind.value} without inputFrom and finds no entities itself.",
            )
    return None


def _without_model(upstream: Upstream) -> InputProblem | None:
    lacking = [one.metadata.name for one in upstream.links if one.status.version in _WITHOUT_MODEL]
    if not lacking:
        return None
    message = f"{', '.join(lacking)} has no model that answers: requests must bring their entities."
    return InputProblem("InputWithoutModel", message)


def _outputs(capability: Capability) -> Sequence[Output]:
    return capability.spec.model_parameters.outputs if capability.spec.model_parameters else ()


def _path(names: tuple[str, ...]) -> str:
    return " ← ".join(names)
