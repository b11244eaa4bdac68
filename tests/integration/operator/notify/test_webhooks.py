"""Webhooks against a real HTTP server that verifies what it gets."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from capforge_operator.adapters.webhooks import HttpWebhooks, UnusableKey, keys_in
from capforge_operator.notification_settings import NotificationSettings
from capforge_operator.posting import Answer, Call, Delayed, Refused, Sent
from capforge_tools.certificates import Authority, KeyPair
from tests.support.clocks import HandClock
from tests.support.ports import free_port

KEY = b"0123456789abcdef0123456789abcdef"
BODY = '{"data":{"capability":"Blutkörper"},"type":"training_run.succeeded"}'.encode()


@dataclass
class Receiver:
    """Keeps what it is sent, and verifies it as Standard Webhooks says, by code of its own."""

    status: int = 204
    delay_seconds: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)
    bodies: list[bytes] = field(default_factory=list)
    seen: list[dict[str, str]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        await asyncio.sleep(self.delay_seconds)
        self.bodies.append(await request.read())
        self.seen.append(dict(request.headers))
        return web.Response(status=self.status, headers=self.headers)

    def is_signed_by(self, key: bytes) -> bool:
        headers, body = self.seen[-1], self.bodies[-1]
        signed = b".".join((headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body))
        expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        given = [one.removeprefix("v1,") for one in headers["webhook-signature"].split(" ")]
        return any(hmac.compare_digest(expected, one) for one in given)


@dataclass
class Keys:
    """One tenant's Secret."""

    entries: dict[str, bytes] = field(default_factory=lambda: {"chat": KEY})

    async def read(self, namespace: str, entry: str) -> list[bytes]:
        assert namespace == "team-a"
        if entry not in self.entries:
            raise UnusableKey(f"Secret capforge-webhook-keys has no entry {entry}")
        return keys_in(self.entries[entry], entry)


@asynccontextmanager
async def listening(receiver: Receiver, pair: KeyPair | None = None) -> AsyncIterator[str]:
    """Serve; yields the address."""
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    context = None
    if pair is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.certificate, pair.key)
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port, ssl_context=context).start()
    yield f"{'https' if pair else 'http'}://localhost:{port}/hook"
    await runner.cleanup()


async def call(url: str, keys: Keys | None = None, **settings: Any) -> Answer:
    allowed = {"webhooks_enabled": True, "webhook_networks": "127.0.0.0/8,::1/128", **settings}
    webhooks = HttpWebhooks(NotificationSettings(**allowed), keys or Keys(), HandClock())
    try:
        return await webhooks.call(Call("team-a", url, "chat", "1234", BODY))
    finally:
        await webhooks.close()


async def test_a_request_is_signed_with_time_and_id():
    receiver = Receiver()
    async with listening(receiver) as url:
        assert await call(url) == Sent()
    assert receiver.bodies == [BODY]
    assert receiver.is_signed_by(KEY)
    assert not receiver.is_signed_by(b"another key")
    headers = receiver.seen[0]
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("msg_1234", "1767225600")
    assert headers["Content-Type"] == "application/json"


async def test_the_signature_is_that_of_the_standards_own_example():
    """From the specification of Standard Webhooks: key, id, time and body with the signature that libraries expect."""
    from capforge_operator.adapters.webhooks import signature

    keys = keys_in(b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "chat")
    given = signature(keys, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert given == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_while_a_key_is_replaced_both_sign():
    old, new = b"an old key of many bytes", b"a new key of many bytes"
    receiver = Receiver()
    async with listening(receiver) as url:
        assert await call(url, Keys({"chat": old + b"\n" + new + b"\n"})) == Sent()
    assert receiver.is_signed_by(old)
    assert receiver.is_signed_by(new)


async def test_https_with_a_private_authority(authority: Authority, pair: KeyPair):
    receiver = Receiver()
    async with listening(receiver, pair) as url:
        assert await call(url) == Delayed("its certificate is not trusted")
        assert await call(url, webhook_ca=str(authority.own.certificate)) == Sent()
    assert len(receiver.bodies) == 1


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, Sent()),
        (404, Refused("it answers HTTP 404")),
        (410, Refused("it answers HTTP 410")),
        (429, Delayed("it answers HTTP 429")),
        (500, Delayed("it answers HTTP 500")),
        (503, Delayed("it answers HTTP 503")),
    ],
)
async def test_what_an_answer_means(status: int, expected: Answer):
    async with listening(Receiver(status=status)) as url:
        assert await call(url) == expected


async def test_redirects_are_not_followed():
    inside = Receiver()
    async with listening(inside) as target, listening(Receiver(307, headers={"Location": target})) as url:
        assert await call(url) == Refused("it answers HTTP 307; redirects are not followed")
    assert inside.bodies == []


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "[::1]", "169.254.169.254", "10.0.0.1", "127.1", "[::ffff:127.0.0.1]"]
)
async def test_what_is_not_public_is_not_called(host: str):
    receiver = Receiver()
    async with listening(receiver) as url:
        assert isinstance(await call(url.replace("localhost", host), webhook_networks=""), Refused | Delayed)
    assert receiver.bodies == []


async def test_it_is_said_that_an_address_is_not_public():
    async with listening(Receiver()) as url:
        refused = Refused("its address is not public; the installation may allow its network")
        assert await call(url, webhook_networks="") == refused
        assert await call(url.replace("localhost", "127.0.0.1"), webhook_networks="") == refused


async def test_nobody_listens_or_answers_in_time():
    assert await call(f"http://localhost:{free_port()}/hook") == Delayed("it cannot be reached")
    async with listening(Receiver(delay_seconds=3)) as url:
        assert await call(url, webhook_timeout_seconds=0.2) == Delayed("it does not answer in time")


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ({}, "has no entry chat"),
        ({"chat": b"short"}, "needs 16 bytes or more"),
        ({"chat": b""}, "needs 16 bytes or more"),
        ({"chat": b"whsec_###"}, "base64 is needed"),
    ],
    ids=["missing", "short", "empty", "no base64"],
)
async def test_a_key_that_cannot_be_used_is_named_and_not_shown(entries: dict[str, bytes], says: str):
    receiver = Receiver()
    async with listening(receiver) as url:
        answer = await call(url, Keys(entries))
    assert isinstance(answer, Delayed)
    assert says in answer.cause
    assert not any(value and value.decode() in answer.cause for value in entries.values())
    assert receiver.bodies == []


class Names:
    """A name server of a stranger: each question gets the next answer."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: tuple[str, ...]) -> None:
        self.asked = 0
        loop = asyncio.get_running_loop()

        async def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
            assert host == "hooks.example.com"
            self.asked += 1
            found = answers[min(self.asked, len(answers)) - 1]
            kinds = [socket.AF_INET6 if ":" in one else socket.AF_INET for one in found]
            return [(kind, socket.SOCK_STREAM, 6, "", (one, port)) for kind, one in zip(kinds, found, strict=True)]

        monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)


@pytest.mark.parametrize(
    "answers",
    [
        ("127.0.0.1",),
        ("93.184.215.14", "127.0.0.1"),
        ("2606:4700::1111", "::1"),
        ("::ffff:127.0.0.1",),
        ("64:ff9b::7f00:1",),
        ("169.254.169.254",),
        ("0.0.0.0",),
    ],
)
async def test_a_name_that_leads_inside_is_not_called_whatever_else_it_leads_to(
    monkeypatch: pytest.MonkeyPatch, answers: tuple[str, ...]
) -> None:
    receiver = Receiver()
    async with listening(receiver) as url:
        names = Names(monkeypatch, answers)
        answer = await call(url.replace("localhost", "hooks.example.com"), webhook_networks="")
    assert answer == Refused("its address is not public; the installation may allow its network")
    assert (receiver.bodies, names.asked) == ([], 1)


async def test_a_name_is_looked_up_once_so_that_a_second_answer_leads_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    receiver = Receiver()
    async with listening(receiver) as url:
        names = Names(monkeypatch, ("127.0.0.1",), ("169.254.169.254",))
        address = url.replace("localhost", "hooks.example.com")
        assert await call(address, webhook_networks="127.0.0.0/8") == Sent()
        assert names.asked == 1
        refused = await call(address, webhook_networks="127.0.0.0/8")
    assert isinstance(refused, Refused), "what was allowed a moment ago is looked up again"
    assert len(receiver.bodies) == 1


@pytest.mark.parametrize("host", ["0x7f000001", "2130706433", "0177.0.0.1", "127.0.0.1.", "localhost.", "[::]", "0"])
async def test_no_spelling_of_this_machine_is_called(host: str) -> None:
    receiver = Receiver()
    async with listening(receiver) as url:
        assert isinstance(await call(url.replace("localhost", host), webhook_networks=""), Refused | Delayed)
    assert receiver.bodies == []
