"""The shop window: lists as cards, and all that changes them."""
