"""What the environment says, parsed once. Every variable is `CAPFORGE_` + the field's name in upper case."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from capforge_contracts.environment import parse_environment
from capforge_contracts.names import GATEWAY_INTERNAL_PORT, GATEWAY_PORT

PREFIX = "CAPFORGE_"
_MIB = 1024 * 1024


class SettingsError(ValueError):
    """The environment holds a value that is not allowed; the message names each variable."""


class UrlInput(StrEnum):
    """Whether a request may bring the address of its image instead of the image."""

    OFF = "off"
    ALLOWLIST = "allowlist"
    """Only hosts in url_allowed_hosts; none by default."""
    PUBLIC = "public"
    """Any host whose every address is public."""


def _words(value: Any) -> Any:
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], BeforeValidator(_words)]
Port = Annotated[int, Field(ge=1, le=65535)]
Positive = Annotated[int, Field(gt=0)]
Seconds = Annotated[float, Field(gt=0)]


class Settings(BaseModel):
    """All settings with their defaults."""

    model_config = ConfigDict(frozen=True)

    host: str = "0.0.0.0"
    port: Port = GATEWAY_PORT
    internal_port: Port = GATEWAY_INTERNAL_PORT
    external_url: str = ""
    """What people reach the gateway under, for examples and the answer's `url`; empty: the request's own Host."""

    routes_file: Path = Path("/etc/capforge/routes/routes.json")
    internal_token_file: Path = Path("/etc/capforge/internal/token")
    keys: Annotated[str, Field(pattern=r"^(kubernetes|file:.+)$")] = "kubernetes"
    """`kubernetes`, or `file:<folder>` with one file `<folder>/<namespace>/<key name>` per ApiKeyRecord."""
    kubernetes_url: str = ""
    """Empty: the cluster this pod runs in."""
    kubernetes_token_file: Path = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
    kubernetes_ca_file: Path = Path("/var/run/secrets/kubernetes.io/serviceaccount/ca.crt")

    max_image_bytes: Positive = 10 * _MIB
    max_image_pixels: Positive = 50_000_000
    max_requests: Positive = 128
    """Predictions under way at once; more get 503."""
    max_requests_per_namespace: Positive = 64
    """Of one tenant; more get 429, so that one tenant cannot take everything."""
    max_buffered_bytes: Positive = 128 * _MIB
    """Of all request bodies held at once."""
    max_decode_bytes: Positive = 512 * _MIB
    """Of all images decoded at once; one that alone takes more is refused. With the defaults the process stays below
    1 GiB, whatever is sent."""
    decode_threads: Positive = Field(default_factory=lambda: len(os.sched_getaffinity(0)))

    head_timeout_seconds: Seconds = 15.0
    """For the request line and headers; also how long a new connection may be silent."""
    upload_timeout_seconds: Seconds = 30.0
    predict_timeout_seconds: Seconds = 30.0
    connect_timeout_seconds: Seconds = 1.0
    drain_seconds: Annotated[float, Field(ge=0)] = 5.0
    """Between SIGTERM (not ready any more) and refusing new connections."""

    url_input: UrlInput = UrlInput.ALLOWLIST
    url_allowed_hosts: Words = ()
    """`images.example.org`, `*.example.org` or `host:8443`."""
    url_allowed_networks: Networks = ()
    """Networks that may be fetched from although they are not public."""
    url_allow_http: bool = False
    url_timeout_seconds: Seconds = 10.0

    log_level: Annotated[str, Field(pattern="^(debug|info|warning|error)$")] = "info"


def settings_from(environment: Mapping[str, str]) -> Settings:
    """Parse the environment; raises SettingsError naming each wrong variable. Empty counts as not set."""
    return parse_environment(Settings, PREFIX, environment, SettingsError)
