"""The dashboard: how the engine is doing, for whoever runs it."""
