"""The parameters a person may set, and the templates made from them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from pydantic import ValidationError

from capforge_trainer.config import DetectorParameters
from capforge_trainer.errors import BadConfigurationError
from capforge_trainer.overrides import merged
from capforge_trainer.templates import CANDIDATE_SCORER, TEMPLATES


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_defaults_are_valid_parameters(name: str):
    template = TEMPLATES[name]
    assert template.parameters.model_validate(template.defaults()) == template.parameters()


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_schema_stands_alone(name: str):
    text = json.dumps(TEMPLATES[name].parameter_schema())
    assert "$ref" not in text
    assert "$defs" not in text
    assert '"title"' not in text


@pytest.mark.parametrize("name", [name for name in TEMPLATES if name != CANDIDATE_SCORER.name])
def test_every_parameter_is_described(name: str):
    schema = TEMPLATES[name].parameter_schema()
    for group_name, group in schema["properties"].items():
        assert group["description"], group_name
        assert group["additionalProperties"] is False
        for parameter_name, parameter in group["properties"].items():
            assert parameter["description"], f"{group_name}.{parameter_name}"
            assert "default" in parameter, f"{group_name}.{parameter_name}"


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        pytest.param({"model": {"backbon": "resnet18"}}, "model.backbon", id="unknown name"),
        pytest.param({"modle": {}}, "modle", id="unknown group"),
        pytest.param({"model": {"backbone": "vgg"}}, "model.backbone", id="unknown backbone"),
        pytest.param({"optimizer": {"batchSize": "8"}}, "optimizer.batchSize", id="text for a number"),
        pytest.param({"optimizer": {"batchSize": 0}}, "optimizer.batchSize", id="out of range"),
        pytest.param({"model": {"inputLongSidePixels": 330}}, "model.inputLongSidePixels", id="not a multiple of 32"),
        pytest.param({"model": {"inputLongSidePixels": 64}}, "model", id="too small to see anything"),
        pytest.param({"model": None}, "model", id="null"),
        pytest.param({"optimizer": {"learningRate": float("nan")}}, "optimizer.learningRate", id="not a number"),
    ],
)
def test_a_wrong_parameter_is_named(parameters: dict[str, object], named: str):
    with pytest.raises(ValidationError) as caught:
        DetectorParameters.model_validate(parameters)
    assert named in {".".join(map(str, error["loc"])) for error in caught.value.errors()}


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        pytest.param("optimizer.batchSize=4", 4, id="number"),
        pytest.param("model.backbone=resnet18", "resnet18", id="text"),
        pytest.param('model.backbone="resnet18"', "resnet18", id="JSON text"),
    ],
)
def test_a_setting_takes_its_place_among_the_defaults(setting: str, expected: object):
    defaults = DetectorParameters().model_dump(by_alias=True)
    before = json.dumps(defaults)
    group, name = setting.partition("=")[0].split(".")
    changed = merged(defaults, [setting])
    assert changed[group][name] == expected
    assert json.dumps(defaults) == before
    DetectorParameters.model_validate(changed)


@pytest.mark.parametrize("setting", ["optimizer", "=4", "optimizer..batchSize=4", "model.backbone.name=x"])
def test_a_setting_of_another_form_is_named(setting: str):
    with pytest.raises(BadConfigurationError, match="--set"):
        merged(DetectorParameters().model_dump(by_alias=True), [setting])


def test_the_templates_can_be_read_without_torch():
    code = "import sys; sys.modules['torch'] = None; import capforge_trainer.templates as t; print(*t.TEMPLATES)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == list(TEMPLATES)
