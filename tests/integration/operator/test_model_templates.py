"""Built-in ModelTemplates on a real API server: there from the start, restored, and never written without need."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from capforge_operator.adapters.kubernetes_api import KubernetesApi, Target, connect
from capforge_operator.adapters.resources import KubernetesResources
from capforge_operator.controllers.model_template import ModelTemplateController
from capforge_operator.keys import Key, Kind
from capforge_operator.ports import Done
from capforge_operator.resource_types import MODEL_TEMPLATES
from capforge_operator.templates import builtin_keys, builtin_templates
from tests.integration.operator.serving_cluster import Ringing
from tests.support.apiserver import KubeApi
from tests.support.clocks import HandClock


@pytest.fixture
async def api(kube: KubeApi) -> AsyncIterator[KubernetesApi]:
    kube.apply_crds()
    connection = await connect(kube.kubeconfig)
    yield connection
    await connection.close()


@pytest.fixture
def controller(api: KubernetesApi) -> ModelTemplateController:
    return ModelTemplateController(KubernetesResources(api), Ringing(), HandClock(), builtin_templates())


async def visit_all(controller: ModelTemplateController) -> list[Done]:
    return [await controller.reconcile(key) for key in builtin_keys()]


async def test_builtin_templates_are_made_and_usable(controller: ModelTemplateController, kube: KubeApi):
    await visit_all(controller)
    for name in builtin_templates():
        shown = kube.kubectl("get", "modeltemplate", name).split()
        assert shown[5:8] == [name, "True", "Valid"]


async def test_a_second_visit_writes_nothing(controller: ModelTemplateController):
    await visit_all(controller)
    assert {done.did for done in await visit_all(controller)} == {"nothing"}


async def test_a_builtin_template_that_was_changed_or_deleted_comes_back(
    controller: ModelTemplateController, api: KubernetesApi, kube: KubeApi
):
    await visit_all(controller)
    name = next(iter(builtin_templates()))
    kube.kubectl("patch", "modeltemplate", name, "--type=merge", "-p", '{"spec": {"description": "Mine."}}')
    await visit_all(controller)
    live = await controller.resources.get(MODEL_TEMPLATES, "", name)
    assert live is not None
    assert live["spec"]["description"] == builtin_templates()[name]["spec"]["description"]
    await api.delete(Target(MODEL_TEMPLATES, "", name), {})
    await visit_all(controller)
    assert await controller.resources.get(MODEL_TEMPLATES, "", name) is not None


async def test_a_teams_own_template_is_checked_and_left_alone(controller: ModelTemplateController):
    own = {
        "apiVersion": "capforge.dev/v1alpha1",
        "kind": "ModelTemplate",
        "metadata": {"name": "own"},
        "spec": {
            "capabilityTypes": ["DetectorElement"],
            "parameterSchema": {"properties": {"epochs": {"type": "integer"}}},
            "defaults": {"epochs": "many"},
        },
    }
    made = await controller.resources.apply(MODEL_TEMPLATES, own)
    await controller.reconcile(Key(Kind.MODEL_TEMPLATE, "", "own"))
    live = await controller.resources.get(MODEL_TEMPLATES, "", "own")
    assert live is not None
    assert live["spec"] == made["spec"]
    ready = live["status"]["conditions"][0]
    assert (ready["status"], ready["reason"]) == ("False", "InvalidDefaults")
    assert ready["message"] == "defaults.epochs: 'many' is not of type 'integer'"


async def test_a_template_that_is_gone_is_no_work(controller: ModelTemplateController):
    assert (await controller.reconcile(Key(Kind.MODEL_TEMPLATE, "", "gone"))).did == "nothing"
