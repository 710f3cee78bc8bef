"""Everything with `fit` that scores items for a request. Each model is one file and one line in engine/registry.py."""
