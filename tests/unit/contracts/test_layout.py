from __future__ import annotations

import inspect

import pytest

from capforge_contracts import layout

FUNCTIONS = [
    function
    for name, function in inspect.getmembers(layout, inspect.isfunction)
    if not name.startswith("_") and function.__module__ == layout.__name__ and function is not layout.most_bytes
]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_every_key_starts_with_the_tenants_namespace(function: object):
    assert callable(function)
    parameters = inspect.signature(function).parameters
    values = [3 if "int" in str(one.annotation) else f"x-{one.name}" for one in parameters.values()]
    assert function(*values).startswith("x-namespace/")


def test_a_capability_may_have_any_name():
    """A capability named like another folder must not reach into it."""
    assert layout.ledger_prefix("team", "runs") != layout.run_prefix("team", "ledger")
