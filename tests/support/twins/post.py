"""Twins of the ports to people: they keep what they were given."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from capforge_operator.posting import Answer, Call, Mail, Sent


@dataclass
class MemoryMailer:
    """Answers for each address as told; an address without an answer takes its mail. Answers wait until it is free."""

    configured: bool = True
    free: asyncio.Event | None = None
    """None: it is always."""
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once mails are under way."""
    answers: dict[str, Answer] = field(default_factory=dict)
    sent: list[Mail] = field(default_factory=list)
    tried: int = 0

    async def send(self, mails: Sequence[Mail]) -> list[Answer]:
        self.tried += len(mails)
        self.asked.set()
        if self.free is not None:
            await self.free.wait()
        return [self._answer(mail) for mail in mails]

    def _answer(self, mail: Mail) -> Answer:
        answer = self.answers.get(mail.to, Sent())
        if isinstance(answer, Sent):
            self.sent.append(mail)
        return answer

    @property
    def recipients(self) -> list[str]:
        return [mail.to for mail in self.sent]


@dataclass
class MemoryWebhooks:
    """Answers for each address as told."""

    configured: bool = True
    answers: dict[str, Answer] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)

    async def call(self, call: Call) -> Answer:
        answer = self.answers.get(call.url, Sent())
        if isinstance(answer, Sent):
            self.calls.append(call)
        return answer


@dataclass
class PlainLinks:
    """Links without a signature."""

    base: str = "https://models.example.com"
    days: int = 14

    async def signed(self, path: str) -> str:
        return f"{path}?signature=s"
