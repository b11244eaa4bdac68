"""How many documents are annotated, asked over real HTTP, of gateways that answer, refuse, talk nonsense or are gone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from capforge_operator.adapters.pod_http import HttpGateways, PodHttp
from capforge_operator.ports import Unreachable
from tests.support.counting_gateway import CountingGateway, counting_gateway
from tests.unit.snapshot.slips import submission


@pytest.fixture
async def gateways(tmp_path: Path) -> AsyncIterator[HttpGateways]:
    (tmp_path / "token").write_text("internal-token")
    async with aiohttp.ClientSession() as session:
        yield HttpGateways(PodHttp(session, tmp_path / "token"))


async def test_one_answer_tells_of_all_capabilities(gateways: HttpGateways):
    with counting_gateway() as gateway:
        gateway.submissions["team-a", "slips"] = [submission(number) for number in (1, 2, 3)]
        gateway.submissions["team-b", "receipts"] = [submission(7)]
        told = (await gateways.annotations(gateway.ip)).counts
    assert [(one.namespace, one.capability, one.documents, one.sequence) for one in told] == [
        ("team-a", "slips", 3, 3),
        ("team-b", "receipts", 1, 7),
    ]


@pytest.mark.parametrize("nonsense", [b"", b"[]", b"<html>", b'{"counts": [{"namespace": "a"}]}', b'{"counts": 3}'])
async def test_an_answer_that_is_none_is_no_answer(gateways: HttpGateways, nonsense: bytes):
    with counting_gateway() as gateway:
        gateway.counts = lambda: nonsense  # type: ignore[method-assign]
        with pytest.raises(Unreachable, match="no count"):
            await gateways.annotations(gateway.ip)


async def test_a_gateway_whose_database_is_away_is_no_answer(gateways: HttpGateways):
    with counting_gateway() as gateway:
        gateway.status = 503
        with pytest.raises(Unreachable, match="HTTP 503"):
            await gateways.annotations(gateway.ip)


async def test_nobody_at_the_address_is_no_answer(gateways: HttpGateways):
    with pytest.raises(Unreachable):
        await gateways.annotations(CountingGateway("127.250.250.1").ip)
