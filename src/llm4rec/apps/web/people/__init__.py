"""People: what is known of them, in their own hands."""
