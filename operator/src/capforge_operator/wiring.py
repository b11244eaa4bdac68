"""Which reconciler works on which kind of key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from capforge_operator.controllers.annotation_watch import AnnotationWatch
from capforge_operator.controllers.automatic import AutomaticTrainer
from capforge_operator.controllers.capability import CapabilityController, CapabilityParts, CapabilityPlace
from capforge_operator.controllers.catalogue import Catalogue
from capforge_operator.controllers.champions import Champions
from capforge_operator.controllers.dataset import DatasetController
from capforge_operator.controllers.model_template import ModelTemplateController
from capforge_operator.controllers.notice_reader import NoticeReader
from capforge_operator.controllers.notifier import Notifier, Post
from capforge_operator.controllers.pool_observer import PoolObserver
from capforge_operator.controllers.purge_marks import PurgeMarks
from capforge_operator.controllers.run_case import RunCaseReader
from capforge_operator.controllers.run_observer import RunObserver
from capforge_operator.controllers.serving import ServingController, ServingParts
from capforge_operator.controllers.serving_book import ServingBook
from capforge_operator.controllers.training_run import TrainingRunController
from capforge_operator.controllers.weights_reader import WeightsReader
from capforge_operator.figures import Board, NoBoard, NoTries, Tries
from capforge_operator.keys import Key, Kind
from capforge_operator.ports import (
    Agents,
    Bell,
    Clock,
    Events,
    Gateways,
    Jobs,
    Pods,
    Reconciler,
    Resources,
    Store,
    Tenants,
)
from capforge_operator.posting import Links, Mailer, NoLinks, NoMailer, NoWebhooks, Webhooks
from capforge_operator.runtime.threads import Threads
from capforge_operator.settings import Settings
from capforge_operator.templates import builtin_keys, builtin_templates


@dataclass(frozen=True)
class World:
    """Everything outside, as ports: real in `__main__`, twins in tests."""

    resources: Resources
    tenants: Tenants
    jobs: Jobs
    pods: Pods
    store: Store
    events: Events
    agents: Agents
    gateways: Gateways
    clock: Clock
    board: Board = field(default_factory=NoBoard)
    mailer: Mailer = field(default_factory=NoMailer)
    webhooks: Webhooks = field(default_factory=NoWebhooks)
    links: Links = field(default_factory=NoLinks)
    tries: Tries = field(default_factory=NoTries)


@dataclass(frozen=True)
class _Shared:
    """What capabilities and the serving pool both know."""

    catalogue: Catalogue
    observer: PoolObserver
    book: ServingBook
    watch: AnnotationWatch
    marks: PurgeMarks


def reconcilers(world: World, bell: Bell, threads: Threads, settings: Settings) -> Mapping[Kind, Reconciler]:
    """Return one reconciler for each kind of key."""
    shared = _Shared(
        Catalogue(world.store),
        PoolObserver(world.pods, world.agents, world.clock, settings.namespace, settings.pool),
        ServingBook(world.resources, settings.namespace, settings.pool),
        AnnotationWatch(world.pods, world.gateways, bell, world.clock, settings.namespace),
        PurgeMarks(world.store),
    )
    return {
        Kind.DATASET: _dataset(world, shared, settings),
        Kind.TRAINING_RUN: _training_run(world, bell, shared, threads, settings),
        Kind.CAPABILITY: _capability(world, bell, shared, settings),
        Kind.MODEL_TEMPLATE: ModelTemplateController(world.resources, world.events, world.clock, builtin_templates()),
        Kind.SERVING: _serving(world, bell, shared, settings),
        Kind.ANNOTATIONS: shared.watch,
        Kind.NOTIFICATION: _notifier(world, shared, threads, settings),
    }


def always(settings: Settings) -> tuple[Key, ...]:
    """Return the keys that no object stands for: the serving pool, built-in templates that may be missing."""
    return (Key(Kind.SERVING, "", settings.pool), *builtin_keys())


def _dataset(world: World, shared: _Shared, settings: Settings) -> DatasetController:
    return DatasetController(
        world.resources,
        world.tenants,
        world.jobs,
        world.pods,
        world.store,
        world.events,
        world.clock,
        shared.watch,
        shared.marks,
        settings,
        world.board,
    )


def _notifier(world: World, shared: _Shared, threads: Threads, settings: Settings) -> Notifier:
    return Notifier(
        world.resources,
        world.events,
        world.clock,
        shared.catalogue,
        NoticeReader(world.store, threads, world.links, settings.namespace),
        Post(world.mailer, world.webhooks, settings.notify_patience_seconds, world.tries),
        world.board,
    )


def _training_run(
    world: World, bell: Bell, shared: _Shared, threads: Threads, settings: Settings
) -> TrainingRunController:
    catalogue = shared.catalogue
    cases = RunCaseReader(world.resources, world.store, threads, WeightsReader(world.store, catalogue))
    observer = RunObserver(
        world.tenants,
        world.jobs,
        world.pods,
        world.store,
        world.clock,
        cases,
        catalogue,
        Champions(catalogue, shared.book),
        settings,
    )
    return TrainingRunController(
        world.resources, world.jobs, world.store, world.events, observer, settings, bell, world.board
    )


def _capability(world: World, bell: Bell, shared: _Shared, settings: Settings) -> CapabilityController:
    parts = CapabilityParts(
        world.resources,
        world.tenants,
        world.events,
        bell,
        world.clock,
        shared.catalogue,
        shared.observer,
        shared.book,
        AutomaticTrainer(world.resources, world.store, world.clock, shared.catalogue, shared.watch),
        world.board,
    )
    return CapabilityController(parts, CapabilityPlace(settings.pool, settings.external_url.rstrip("/")))


def _serving(world: World, bell: Bell, shared: _Shared, settings: Settings) -> ServingController:
    parts = ServingParts(
        world.resources,
        world.pods,
        world.agents,
        world.gateways,
        bell,
        world.clock,
        shared.catalogue,
        shared.observer,
        shared.book,
        world.board,
    )
    return ServingController(parts, settings.namespace)
