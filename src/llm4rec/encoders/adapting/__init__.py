"""Adapting a text encoder to one's own data: tasks, what is trained, the loop, the guards. Serves no request."""
