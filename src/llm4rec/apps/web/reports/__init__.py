"""Reports of the command line, opened and turned about: evaluations and trade-offs."""
