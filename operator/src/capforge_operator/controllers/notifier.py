"""Notification: a run that ended → who is to be told → send → ledger → the run's condition `Notified`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from capforge_contracts.ledger import Notified
from capforge_operator.api.capability import Capability
from capforge_operator.api.conditions import ConditionStatus
from capforge_operator.api.notifications import Notifications
from capforge_operator.api.training_run import TrainingRun
from capforge_operator.controllers.catalogue import Catalogue
from capforge_operator.controllers.notice_reader import NoticeReader
from capforge_operator.domain.announcements import announcements
from capforge_operator.domain.conditions import Finding, settle
from capforge_operator.domain.ledger import Ledger
from capforge_operator.domain.notice import Notice
from capforge_operator.domain.notifications import (
    NOTIFIED,
    Answers,
    End,
    Target,
    abandoned,
    due,
    end_of,
    entry_for,
    finding,
    is_unsettled,
    nobody,
    seconds_until_news,
    targets,
    told_before,
)
from capforge_operator.figures import Board, NoBoard, NoTries, Tries, UntoldFigures
from capforge_operator.keys import Key
from capforge_operator.letters.render import event, letter
from capforge_operator.ports import Clock, Done, Events, Json, PortError, Resources
from capforge_operator.posting import Answer, Call, Delayed, Mail, Mailer, Refused, Sent, Webhooks
from capforge_operator.resource_types import CAPABILITIES, TRAINING_RUNS

_APPENDS = 20
"""Somebody else may take the ledger's next number; what was sent must be written down, so it is tried at once."""
_UNDER_WAY_SECONDS = 2.0
_OUTCOMES = {Sent: "sent", Refused: "refused", Delayed: "delayed"}
_NO_MAIL = "the installation has no mail server (chart value notifications.smtp.host)"
_NO_WEBHOOKS = "the installation calls no webhooks (chart value notifications.webhooks.enabled)"


class Undelivered(PortError):  # noqa: N818 - reads as the fact it states
    """Somebody could not be told yet: tried again with back-off."""


@dataclass(frozen=True)
class Post:
    """How people are reached."""

    mailer: Mailer
    webhooks: Webhooks
    patience_seconds: float
    """For so long after a run's end it is tried."""
    tries: Tries = field(default_factory=NoTries)

    def reaches(self, target: Target) -> bool:
        """Tell whether the installation can reach such a target at all; that changes with a restart only."""
        return (self.webhooks if target.webhook else self.mailer).configured

    def count(self, answers: Answers) -> None:
        """Count what came of each try."""
        for target, answer in answers:
            self.tries.notified("webhook" if target.webhook else "mail", _OUTCOMES[type(answer)])


@dataclass(frozen=True)
class Notifier:
    """Tells people that a run ended, or that it is refused.

    - The ledger is asked first and written after sending: a crash in between sends twice, under the same id.
    - An end that is settled is never told again: not after a restart, nor when run or capability are made anew.
    - Equal runs share an end: while one of them tells it, the others wait, and find it told.
    - The condition is written last; where somebody could not be told yet the key comes back with back-off.
    """

    resources: Resources
    events: Events
    clock: Clock
    catalogue: Catalogue
    reader: NoticeReader
    post: Post
    board: Board = field(default_factory=NoBoard)
    unwritten: dict[str, list[tuple[Target, Answer]]] = field(default_factory=dict)
    """What was settled while the ledger took no entry, by end: it is not sent again as long as this process lives."""
    under_way: set[str] = field(default_factory=set)
    """The ends that are told at this moment."""

    async def reconcile(self, key: Key) -> Done:
        """Tell, write down, say so."""
        document = await self.resources.get(TRAINING_RUNS, key.namespace, key.name)
        if document is None or "deletionTimestamp" in document["metadata"]:
            return self._leave(key)
        run = TrainingRun.parse(document)
        end = end_of(run)
        if end is None or not is_unsettled(run):
            return self._leave(key)
        wait = seconds_until_news(run, end, self.clock.now())
        if wait > 0:
            return Done(after_seconds=wait)
        if end.digest in self.under_way:
            return Done(after_seconds=_UNDER_WAY_SECONDS)
        self.under_way.add(end.digest)
        try:
            return await self._settle(key, document, run, end)
        finally:
            self.under_way.discard(end.digest)

    def _leave(self, key: Key) -> Done:
        """There is nobody to tell, or nobody any more."""
        self.board.untold(key, None)
        return Done()

    async def _settle(self, key: Key, document: Json, run: TrainingRun, end: End) -> Done:
        wanted = targets(await self._asked(end), end)
        self.board.untold(key, UntoldFigures(end.capability) if wanted else None)
        if not wanted:
            return await self._say(document, run, nobody(end))
        ledger = await self.catalogue.read(end.namespace, end.capability)
        answers = await self._tell(run, end, ledger, due(wanted, told_before(ledger, end)))
        self.unwritten[end.digest] = [one for one in answers if not isinstance(one[1], Delayed)]
        told = finding(await self._write_down(end, answers), answers)
        self.unwritten.pop(end.digest, None)
        if told.status is not ConditionStatus.UNKNOWN:
            self.board.untold(key, None)
        done = await self._say(document, run, told)
        if any(isinstance(answer, Delayed) and self.post.reaches(target) for target, answer in answers):
            raise Undelivered(told.message)
        return done

    async def _asked(self, end: End) -> Notifications | None:
        document = await self.resources.get(CAPABILITIES, end.namespace, end.capability)
        return Capability.parse(document).spec.notifications if document else None

    async def _tell(self, run: TrainingRun, end: End, ledger: Ledger, waiting: Sequence[Target]) -> Answers:
        before = self.unwritten.get(end.digest, [])
        waiting = [one for one in waiting if one.name not in {target.name for target, _ in before}]
        answers: list[tuple[Target, Answer]] = [
            (one, Delayed(_NO_WEBHOOKS if one.webhook else _NO_MAIL)) for one in waiting if not self.post.reaches(one)
        ]
        reached = [one for one in waiting if self.post.reaches(one)]
        if reached:
            notice = await self.reader.read(run, end, ledger)
            mailed, called = await asyncio.gather(
                self._mail(notice, [one for one in reached if one.webhook is None]),
                asyncio.gather(*(self._call(notice, one) for one in reached if one.webhook is not None)),
            )
            answers += [*mailed, *called]
        over = (self.clock.now() - end.ended).total_seconds() > self.post.patience_seconds
        fresh = abandoned(answers) if over else answers
        self.post.count(fresh)
        return [*before, *fresh]

    async def _mail(self, notice: Notice, waiting: Sequence[Target]) -> list[tuple[Target, Answer]]:
        if not waiting:
            return []
        content = letter(notice)
        mails = [Mail(one.address, one.message_id(notice.end), content) for one in waiting]
        return list(zip(waiting, await self.post.mailer.send(mails), strict=True))

    async def _call(self, notice: Notice, target: Target) -> tuple[Target, Answer]:
        hook, end = target.webhook, notice.end
        assert hook is not None  # noqa: S101 - chosen by it
        call = Call(end.namespace, hook.url, hook.secret_key, target.message_id(end), event(notice))
        return target, await self.post.webhooks.call(call)

    async def _write_down(self, end: End, answers: Answers) -> list[Notified]:
        """Append what was settled and return all that the ledger then says about this end."""
        for _ in range(_APPENDS):
            ledger = await self.catalogue.read(end.namespace, end.capability)
            entry = entry_for(end, answers, ledger.next_sequence, self.clock.now())
            if entry is None:
                return told_before(ledger, end)
            if await self.catalogue.append(end.namespace, end.capability, entry):
                return [*told_before(ledger, end), entry]
        raise PortError(f"the ledger of {end.namespace}/{end.capability} takes no entry: others are always faster")

    async def _say(self, document: Json, run: TrainingRun, told: Finding) -> Done:
        before = run.status.conditions
        others = [one for one in before if one.type != NOTIFIED]
        own = settle(before, [told], self.clock.now(), run.metadata.generation)
        status = run.status.model_copy(update={"conditions": [*others, *own]})
        wrote = await self.resources.write_status(TRAINING_RUNS, document, status.to_document())
        for one in announcements(document, before, status.conditions, [NOTIFIED]):
            await self.events.emit(one)
        return Done(did=f"{told.reason}, WroteStatus" if wrote else told.reason)
