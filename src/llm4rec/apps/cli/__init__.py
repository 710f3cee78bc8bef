"""The command line: `llm4rec --help`."""
