"""The base of our networks."""

from __future__ import annotations

from torch import nn


class Network(nn.Module):  # type: ignore[misc]  # torch is not in the environment that types are checked in
    """torch's Module, named once for the type checker."""
