"""Ports to people: e-mail, webhooks, links. What is handed over, and the three ways in which a delivery ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Sent:
    """Whoever carries it on has taken it."""


@dataclass(frozen=True)
class Refused:
    """It will never be taken."""

    cause: str
    """For people, on one line, nothing secret."""


@dataclass(frozen=True)
class Delayed:
    """Not taken now; it may be later."""

    cause: str
    """For people, on one line, nothing secret, the same for the same trouble."""


Answer = Sent | Refused | Delayed


@dataclass(frozen=True)
class Picture:
    """A small picture inside of a letter."""

    name: str
    """`picture-1`: what the letter calls it by."""
    subtype: str
    """jpeg or png."""
    data: bytes


@dataclass(frozen=True)
class Letter:
    """What an e-mail says, whoever gets it."""

    subject: str
    text: str
    html: str
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True)
class Mail:
    """A letter to one address."""

    to: str
    message_id: str
    """Fixed: the part before the @ of the header Message-ID."""
    letter: Letter


@dataclass(frozen=True)
class Call:
    """A request to a webhook."""

    namespace: str
    url: str
    secret_key: str
    """Entry of the namespace's Secret with the signing key."""
    message_id: str
    """Fixed: the header webhook-id."""
    body: bytes


class Mailer(Protocol):
    """The installation's mail server."""

    @property
    def configured(self) -> bool:
        """Tell whether there is one."""
        ...

    async def send(self, mails: Sequence[Mail]) -> list[Answer]:
        """Send one after another; returns one answer for each, never raises for what the server does."""
        ...


class Webhooks(Protocol):
    """Addresses that take signed requests."""

    @property
    def configured(self) -> bool:
        """Tell whether the installation sends any."""
        ...

    async def call(self, call: Call) -> Answer:
        """Sign and send; never raises for what the other side does."""
        ...


class Links(Protocol):
    """Addresses on the gateway that work for a while without an API key."""

    @property
    def base(self) -> str:
        """Where people reach the gateway, without a slash at the end; empty: only inside of the cluster."""
        ...

    @property
    def days(self) -> int:
        """For how long a link works."""
        ...

    async def signed(self, path: str) -> str:
        """Return the path with its signature."""
        ...


class NoMailer:
    """An installation without a mail server."""

    configured = False

    async def send(self, mails: Sequence[Mail]) -> list[Answer]:
        """Send nothing."""
        return [Delayed("there is no mail server") for _ in mails]


class NoWebhooks:
    """An installation that calls nobody."""

    configured = False

    async def call(self, call: Call) -> Answer:
        """Call nobody."""
        return Delayed(f"{call.url} is not called")


class NoLinks:
    """Addresses that need an API key."""

    base = ""
    days = 0

    async def signed(self, path: str) -> str:
        """Return the path as it is."""
        return path
