"""Any order of annotating, replacing, withdrawing and deleting, on PostgreSQL, against the twin and against plain counting."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from capforge_contracts.dataset import Split
from capforge_gateway.documents.ports import AlreadyAnnotated, Documents, NotAnnotated, Owner, UnknownDocument
from capforge_gateway.storage.documents import PostgresDocuments
from tests.integration.gateway.storage.conftest import open_documents
from tests.support.labelled import digest, labels, new_document
from tests.support.twins.documents import MemoryDocuments

OWNERS = [Owner("acme", "receipts"), Owner("acme", "letters"), Owner("other", "receipts")]
REFUSALS = (UnknownDocument, AlreadyAnnotated, NotAnnotated)
T = TypeVar("T")

_owners = st.sampled_from(OWNERS)
_places = st.integers(0, 30)


class Annotating(RuleBasedStateMachine):
    """What the machine knows: which documents there are, and each capability's history as a plain list."""

    real: PostgresDocuments
    loop: asyncio.AbstractEventLoop

    def __init__(self) -> None:
        super().__init__()
        self.run(empty(self.real))
        self.touched = OWNERS[0]
        self.twin = MemoryDocuments()
        self.documents: dict[Owner, list[tuple[str, str, str]]] = {owner: [] for owner in OWNERS}
        """The id in PostgreSQL, in the twin, and the content; also of deleted ones."""
        self.history: dict[Owner, list[tuple[str, str | None]]] = {owner: [] for owner in OWNERS}
        """The document and what was said about it; None: withdrawn."""
        self.deleted: set[str] = set()
        self.roles: dict[tuple[Owner, str], Split] = {}

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    @rule(owner=_owners, content=st.sampled_from("abcdefgh"))
    def keep(self, owner: Owner, content: str) -> None:
        real, twin = [self.run(one.keep(owner, new_document(content))).id for one in (self.real, self.twin)]
        self.documents[owner].append((real, twin, content))

    @rule(owner=_owners, place=_places, said=st.sampled_from("123"), replace=st.booleans())
    def submit(self, owner: Owner, place: int, said: str, *, replace: bool) -> None:
        refused = self._both(owner, place, "submit", labels(said), "me", replace=replace)
        if refused is None:
            document, _, content = self._at(owner, place)
            self.history[owner].append((document, said))
            split = self.run(self.real.get(owner, document)).split
            assert split is not None
            assert self.roles.setdefault((owner, content), split) is split

    @rule(owner=_owners, place=_places)
    def withdraw(self, owner: Owner, place: int) -> None:
        if self._both(owner, place, "withdraw", "me") is None:
            self.history[owner].append((self._at(owner, place)[0], None))

    @rule(owner=_owners, place=_places)
    def delete(self, owner: Owner, place: int) -> None:
        if self._both(owner, place, "delete") is None:
            self.deleted.add(self._at(owner, place)[0])

    @invariant()
    def counts_are_documents_with_a_current_annotation(self) -> None:
        counts = {Owner(one.namespace, one.capability): one for one in self.run(self.real.counts())}
        assert list(counts.values()) == self.run(self.twin.counts())
        for owner, found in self.documents.items():
            current = self._current(owner, len(self.history[owner]))
            if found:
                assert (counts[owner].documents, counts[owner].sequence) == (len(current), len(self.history[owner]))

    @invariant()
    def each_prefix_is_what_was_said_up_to_it(self) -> None:
        owner = self.touched
        whole = len(self.history[owner])
        for as_of in {whole // 2, whole}:
            current = self._current(owner, as_of)
            found = self.run(collected(self.real, owner, as_of))
            assert {one.document: one.labels for one in found} == {
                document: labels(said) for document, (_, said) in current.items()
            }
            assert [one.sequence for one in found] == [current[one.document][0] for one in found]
            order = [(one.sha256, one.document) for one in found]
            assert order == sorted(order)
            assert [one.split for one in found] == [self.roles[owner, one.name[0]] for one in found]

    @invariant()
    def one_of_each_five_contents_is_dev(self) -> None:
        for owner in OWNERS:
            splits = Counter(split for (whose, _), split in self.roles.items() if whose == owner)
            assert len(self.roles) == len({*self.roles})
            assert splits.total() // 5 <= splits[Split.DEV] <= -(-splits.total() // 5)

    def _at(self, owner: Owner, place: int) -> tuple[str, str, str]:
        found = self.documents[owner]
        return found[place % len(found)] if found else ("", "", "")

    def _both(self, owner: Owner, place: int, verb: str, *args: Any, **options: Any) -> type[Exception] | None:
        """Do it on both; return how both refused it."""
        self.touched = owner
        real, twin, _ = self._at(owner, place)
        outcomes = [
            self.run(refusal(getattr(one, verb)(owner, document, *args, **options)))
            for one, document in ((self.real, real), (self.twin, twin))
        ]
        assert outcomes[0] == outcomes[1]
        return outcomes[0]

    def _current(self, owner: Owner, as_of: int) -> dict[str, tuple[int, str]]:
        """Count plainly: the last word on each document, by its sequence."""
        last = {
            document: (number, said) for number, (document, said) in enumerate(self.history[owner][:as_of], start=1)
        }
        return {
            document: (number, said)
            for document, (number, said) in last.items()
            if said is not None and document not in self.deleted
        }


async def empty(documents: PostgresDocuments) -> None:
    async with documents._database.transaction("empty") as connection:
        await connection.exec_driver_sql("TRUNCATE capabilities, documents, submissions, roles, feedback")


async def collected(documents: Documents, owner: Owner, as_of: int) -> list[Any]:
    return [one async for one in documents.current(owner, as_of)]


async def refusal(work: Coroutine[Any, Any, Any]) -> type[Exception] | None:
    try:
        await work
    except REFUSALS as error:
        return type(error)
    return None


def test_any_order_of_annotating(database: str) -> None:
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        opened = open_documents(database)

        class OnThisDatabase(Annotating):
            pass

        OnThisDatabase.loop, OnThisDatabase.real = loop, loop.run_until_complete(opened.__aenter__())
        checked = settings(
            max_examples=15,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        try:
            run_state_machine_as_test(OnThisDatabase, settings=checked)  # type: ignore[no-untyped-call]
        finally:
            loop.run_until_complete(opened.__aexit__(None, None, None))


async def test_many_connections_at_once_leave_no_gap(database: str) -> None:
    """Eight gateways annotate, replace, withdraw and delete the same documents as fast as they can."""
    owner = OWNERS[0]
    async with open_documents(database) as first:
        kept = [(await first.keep(owner, new_document(str(number)))).id for number in range(12)]

        async def work(number: int) -> int:
            done = 0
            async with open_documents(database) as documents:
                for turn in range(12):
                    document = kept[(number * 5 + turn * 7) % len(kept)]
                    verb = (number + turn) % 4
                    done += await _one(documents, owner, document, verb)
            return done

        submitted = sum(await asyncio.gather(*(work(number) for number in range(8))))
        for document in kept[:2]:
            await first.delete(owner, document)
        (count,) = await first.counts()
        current = await collected(first, owner, count.sequence)
        assert count.sequence == submitted
        assert count.documents == len(current) == len({one.document for one in current})
        history = [await collected(first, owner, as_of) for as_of in range(submitted + 1)]
        for as_of, found in enumerate(history):
            assert all(one.sequence <= as_of for one in found)
        async with first._database.transaction("look") as connection:
            rows = await connection.exec_driver_sql("SELECT sequence FROM submissions ORDER BY sequence")
            assert [row.sequence for row in rows] == list(range(1, submitted + 1))
            rows = await connection.exec_driver_sql("SELECT sha256, ordinal FROM roles ORDER BY ordinal")
            found_roles = rows.all()
        assert [row.ordinal for row in found_roles] == list(range(len(found_roles)))
        assert {row.sha256 for row in found_roles} <= {digest(str(number)) for number in range(12)}


async def _one(documents: Documents, owner: Owner, document: str, verb: int) -> int:
    """Do one thing; return how many submissions it made."""
    try:
        if verb == 0:
            await documents.withdraw(owner, document, "me")
        else:
            await documents.submit(owner, document, labels(), "me", replace=verb == 1)
    except (AlreadyAnnotated, NotAnnotated):
        return 0
    return 1


async def test_a_page_of_the_stream_is_its_own_transaction(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads slowly holds no connection, and deletions meanwhile only leave out what is gone."""
    monkeypatch.setattr("capforge_gateway.storage.annotations._PAGE", 2)
    owner = OWNERS[0]
    async with open_documents(database) as documents:
        for number in range(6):
            kept = await documents.keep(owner, new_document(str(number)))
            await documents.submit(owner, kept.id, labels(), "me", replace=False)
        whole = await collected(documents, owner, 6)
        seen = []
        async for one in documents.current(owner, 6):
            assert documents._database.in_use == 0
            seen.append(one)
            if len(seen) == 1:
                await documents.delete(owner, whole[4].document)
        assert seen == [one for one in whole if one is not whole[4]]
