"""Manifests of what the operator makes: pure functions, one file per child."""
