"""The model agent beside Triton: pulls, loads, proves, reports."""
