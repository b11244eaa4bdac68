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
Origin = Annotated[str, Field(pattern=r"^(\*|https?://[a-z0-9.-]+(:[0-9]{1,5})?)$")]
Origins = Annotated[tuple[Origin, ...], BeforeValidator(_words)]
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
    max_entities: Positive = 1000
    """Of one request to a classifier or embedder, brought or found in its image."""
    max_tensor_bytes: Positive = 32 * _MIB
    """Of one request of the inference protocol: its body, and the pixels of the files in it."""
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

    requests_per_server: Positive = 2
    """For one model, on one model server, at once; images that come meanwhile share the next one. At least the server's
    instances of a model, and one more so that it never stands idle."""

    head_timeout_seconds: Seconds = 15.0
    """For the request line and headers; also how long a new connection may be silent."""
    upload_timeout_seconds: Seconds = 30.0
    answer_timeout_seconds: Seconds = 60.0
    """For a caller to take its answer."""
    max_connections: Positive = 4096
    """Open at once; more are closed as they come."""
    predict_timeout_seconds: Seconds = 30.0
    connect_timeout_seconds: Seconds = 1.0
    drain_seconds: Annotated[float, Field(ge=0)] = 5.0
    """Between SIGTERM (not ready any more) and refusing new connections."""

    cors_origins: Origins = ()
    """Web pages of these origins may call the public address: `https://app.example.org`, or `*`."""

    url_input: UrlInput = UrlInput.ALLOWLIST
    url_allowed_hosts: Words = ()
    """`images.example.org`, `*.example.org` or `host:8443`."""
    url_allowed_networks: Networks = ()
    """Networks that may be fetched from although they are not public."""
    url_allow_http: bool = False
    url_timeout_seconds: Seconds = 10.0

    database_url: str = ""
    """`postgresql+psycopg://user:password@host/name`, what it leaves out from libpq's variables (PGHOST …); empty:
    documents cannot be kept and annotated here."""
    database_url_file: Path | None = None
    """Holds the address instead; read once."""
    database_connections: Positive = 10
    database_timeout_seconds: Seconds = 6.0
    """For a transaction once it has a connection (the wait for one takes half as long at most)."""
    store_threads: Positive = 8
    """Calls to the object store at once."""
    store_timeout_seconds: Seconds = 10.0
    """For one call to the object store, with its retries."""
    purge_after_days: Annotated[float, Field(ge=0)] = 30.0
    """How long after its deletion a document's bytes and labels stay; only `storage.purge` asks."""
    readings_memory_bytes: Positive = 64 * _MIB
    """Of readings held in memory, as JSON."""

    max_document_bytes: Positive = 10 * _MIB
    candidates_url: str = ""
    """The service that reads documents, `http://candidates:8090`; empty: no document can be read here."""
    reading_timeout_seconds: Seconds = 75.0
    """For one reading, with the wait for its turn."""
    read_again_seconds: Seconds = 5.0
    """Between two looks for kept documents that nobody has read yet."""
    document_requests_per_minute: Annotated[int, Field(ge=0)] = 1000
    """Of one API key, about documents, to one gateway; more get 429. 0: no limit."""
    document_workers: Annotated[int, Field(ge=0)] = 2
    """Queued predictions under way at once in one gateway."""
    documents_on_page: Positive = 25
    """Of the list of documents."""

    log_level: Annotated[str, Field(pattern="^(debug|info|warning|error)$")] = "info"


def settings_from(environment: Mapping[str, str]) -> Settings:
    """Parse the environment; raises SettingsError naming each wrong variable. Empty counts as not set."""
    return parse_environment(Settings, PREFIX, environment, SettingsError)
