"""A running service put to the test: started, asked, killed, promoted under load and watched. `benchmarks.faults` runs all of it."""
