"""Thin doors to the engine: the command line, later REST and a page."""
