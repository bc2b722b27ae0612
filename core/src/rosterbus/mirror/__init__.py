"""The mirror: the raw tables of a pipeline as last known, for sources that give changes only, or nothing new."""

from rosterbus.mirror.kept import HOME, Mirror, MirrorTable, Told, keep, read_mirror, remove_orphans
from rosterbus.mirror.loading import load_changes, load_kept
from rosterbus.mirror.origins import label_rows, located

__all__ = [
    "HOME",
    "Mirror",
    "MirrorTable",
    "Told",
    "keep",
    "label_rows",
    "load_changes",
    "load_kept",
    "located",
    "read_mirror",
    "remove_orphans",
]
