"""The web page: a shop window, a conversation, people; later a dashboard. Served beside the REST routes by the same worker.

It asks the same live engine in the same way as the routes do. Only `llm4rec serve` loads it.
"""
