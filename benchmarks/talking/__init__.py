"""Parts of `benchmarks.conversation`: people with a hidden target, recorded dialogues, Chinese ones."""
