"""The kinds of objects that the operator touches."""

from __future__ import annotations

from capforge_contracts.names import API_GROUP, API_VERSION
from capforge_operator.ports import ResourceType

CAPABILITIES = ResourceType(API_GROUP, API_VERSION, "Capability", "capabilities")
DATASETS = ResourceType(API_GROUP, API_VERSION, "Dataset", "datasets")
TRAINING_RUNS = ResourceType(API_GROUP, API_VERSION, "TrainingRun", "trainingruns")
MODEL_TEMPLATES = ResourceType(API_GROUP, API_VERSION, "ModelTemplate", "modeltemplates", namespaced=False)
OUR_KINDS = (CAPABILITIES, DATASETS, TRAINING_RUNS, MODEL_TEMPLATES)

JOBS = ResourceType("batch", "v1", "Job", "jobs")
PODS = ResourceType("", "v1", "Pod", "pods")
CONFIG_MAPS = ResourceType("", "v1", "ConfigMap", "configmaps")
SECRETS = ResourceType("", "v1", "Secret", "secrets")
SERVICE_ACCOUNTS = ResourceType("", "v1", "ServiceAccount", "serviceaccounts")
EVENTS = ResourceType("events.k8s.io", "v1", "Event", "events")
