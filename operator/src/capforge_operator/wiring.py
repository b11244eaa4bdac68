"""Which reconciler works on which kind of key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from capforge_operator.controllers.capability import CapabilityController, CapabilityParts, CapabilityPlace
from capforge_operator.controllers.catalogue import Catalogue
from capforge_operator.controllers.dataset import DatasetController
from capforge_operator.controllers.model_template import ModelTemplateController
from capforge_operator.controllers.pool_observer import PoolObserver
from capforge_operator.controllers.run_case import RunCaseReader
from capforge_operator.controllers.run_observer import RunObserver
from capforge_operator.controllers.serving import ServingController, ServingParts
from capforge_operator.controllers.training_run import TrainingRunController
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


def reconcilers(world: World, bell: Bell, threads: Threads, settings: Settings) -> Mapping[Kind, Reconciler]:
    """Return one reconciler for each kind of key."""
    catalogue = Catalogue(world.store)
    observer = PoolObserver(world.pods, world.agents, world.clock, settings.namespace, settings.pool)
    return {
        Kind.DATASET: _dataset(world, settings),
        Kind.TRAINING_RUN: _training_run(world, catalogue, threads, settings),
        Kind.CAPABILITY: _capability(world, bell, catalogue, observer, settings),
        Kind.MODEL_TEMPLATE: ModelTemplateController(world.resources, world.events, world.clock, builtin_templates()),
        Kind.SERVING: _serving(world, bell, catalogue, observer, settings),
    }


def always(settings: Settings) -> tuple[Key, ...]:
    """Return the keys that no object stands for: the serving pool, built-in templates that may be missing."""
    return (Key(Kind.SERVING, "", settings.pool), *builtin_keys())


def _dataset(world: World, settings: Settings) -> DatasetController:
    return DatasetController(
        world.resources, world.tenants, world.jobs, world.pods, world.store, world.events, world.clock, settings
    )


def _training_run(world: World, catalogue: Catalogue, threads: Threads, settings: Settings) -> TrainingRunController:
    cases = RunCaseReader(world.resources, world.store, threads)
    observer = RunObserver(world.tenants, world.jobs, world.pods, world.store, world.clock, cases, catalogue, settings)
    return TrainingRunController(world.resources, world.jobs, world.store, world.events, observer, settings)


def _capability(
    world: World, bell: Bell, catalogue: Catalogue, observer: PoolObserver, settings: Settings
) -> CapabilityController:
    parts = CapabilityParts(world.resources, world.tenants, world.events, bell, world.clock, catalogue, observer)
    return CapabilityController(
        parts, CapabilityPlace(settings.namespace, settings.pool, settings.external_url.rstrip("/"))
    )


def _serving(
    world: World, bell: Bell, catalogue: Catalogue, observer: PoolObserver, settings: Settings
) -> ServingController:
    parts = ServingParts(
        world.resources, world.pods, world.agents, world.gateways, bell, world.clock, catalogue, observer
    )
    return ServingController(parts, settings.namespace)
