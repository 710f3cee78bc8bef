"""Every published figure: one module each, `python -m benchmarks NAME`."""
