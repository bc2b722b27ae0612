"""Raw tables brought into the engine: every cell as text, every row with its number in the file."""

from rosterbus.reading.loading import Loaded, load_table

__all__ = ["Loaded", "load_table"]
