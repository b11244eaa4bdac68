"""The operator's ports in memory; tests/integration/operator/test_port_contracts.py keeps them honest."""
