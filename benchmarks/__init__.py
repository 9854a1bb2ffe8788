"""Benchmarks: `python -m benchmarks.compare` beside other clients, `pytest benchmarks` for single parts."""
