"""What all tests share: Hypothesis without a stop-watch, because a busy machine is no bug."""

from hypothesis import settings

settings.register_profile("patient", deadline=None, print_blob=True)
settings.load_profile("patient")
