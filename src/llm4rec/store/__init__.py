"""Where interactions, impressions, items, vectors and the record of engines are kept: SQLite, or PostgreSQL by URL."""

from llm4rec.store.config import StoreConfig
from llm4rec.store.opening import back_up, erasures_in, open_existing, open_store, restore

__all__ = ["StoreConfig", "back_up", "erasures_in", "open_existing", "open_store", "restore"]
