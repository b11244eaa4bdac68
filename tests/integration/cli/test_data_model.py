"""`capforge data-model`: a JSON config becomes a Capability that the cluster takes, and comes back as it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from capforge_contracts.data_model_config import read_config
from tests.integration.cli.command import capforge
from tests.support.apiserver import KubeApi


def feature(name: str, semantics: str, **chosen: Any) -> dict[str, Any]:
    return {
        "name": name,
        "public_name": name.upper(),
        "handwritten": False,
        "semantics": semantics,
        "cfg": {"filter": chosen},
    }


CONFIG = {
    "problem_type": {
        "classificator": {
            "features": [{"name": "kind", "public_name": "Kind", "cfg": {"classes": ["receipt", "yes", "1.0"]}}],
            "features_name": ["kind"],
        },
        "selector": {
            "features": [
                feature("total", "amount", is_integer=1),
                feature("issued", "date", convention="US"),
                feature("supplier", "word", alpha=1, numeric=0),
                feature("mail", "email"),
            ],
            "features_name": ["total", "issued", "supplier", "mail"],
        },
    }
}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "My Receipts.json"
    path.write_text(json.dumps(CONFIG))
    return path


def test_a_config_goes_to_yaml_and_back(config: Path, tmp_path: Path):
    done = capforge("data-model", "import", config, "-n", "acme")
    assert done.code == 0, done.err
    capability = yaml.safe_load(done.out)
    assert capability["metadata"] == {"name": "my-receipts", "namespace": "acme"}
    written = tmp_path / "capability.yaml"
    written.write_text(done.out)
    back = capforge("data-model", "export", written)
    assert back.code == 0, back.err
    assert read_config(back.out).fields == read_config(config.read_bytes()).fields


def test_the_cluster_takes_what_was_imported_and_gives_it_back(config: Path, kube: KubeApi, kube_namespace: str):
    kube.apply_crds()
    made = capforge("data-model", "import", config, "--name", "imported", "-n", kube_namespace)
    kube.apply(yaml.safe_load(made.out))
    back = capforge("data-model", "export", "imported", "-n", kube_namespace, kube=kube)
    assert back.code == 0, back.err
    assert read_config(back.out).fields == read_config(config.read_bytes()).fields


def test_all_faults_are_listed(tmp_path: Path):
    path = tmp_path / "bad.json"
    features = [feature("total", "amont"), feature("total", "amount"), feature("issued", "date", convention="DE")]
    path.write_text(json.dumps({"problem_type": {"selector": {"features": features}}}))
    done = capforge("data-model", "import", path)
    assert (done.code, done.out) == (3, "")
    for place in ("features[0].semantics", "features[1].name", "features[2].cfg.filter.convention"):
        assert place in done.err


def test_more_than_50_fields_warn(tmp_path: Path):
    path = tmp_path / "many.json"
    features = [feature(f"field_{number}", "word") for number in range(51)]
    path.write_text(json.dumps({"problem_type": {"selector": {"features": features}}}))
    done = capforge("data-model", "import", path)
    assert done.code == 0
    assert "warning: 51 fields" in done.err


def test_a_name_that_the_cluster_refuses_is_refused_here(config: Path):
    done = capforge("data-model", "import", config, "--name", "Receipts!")
    assert done.code == 2
    assert "allowed: 1 to 40 of a-z" in done.err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [", "is no YAML"),
        ("kind: Dataset", "holds 0 such Capabilities"),
        ("kind: Capability\nspec: {type: DetectorElement}", "only a FieldExtractorElement"),
    ],
)
def test_what_cannot_be_exported_says_why(tmp_path: Path, text: str, says: str):
    path = tmp_path / "other.yaml"
    path.write_text(text)
    done = capforge("data-model", "export", path)
    assert done.code == 3
    assert says in done.err


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    done = capforge("data-model", "import", tmp_path / "nothing.json")
    assert done.code == 2
    assert "nothing.json" in done.err
