"""The roster: the common vocabulary between every source and every layout."""

from rosterbus.roster.vocabulary import CodeSet, RosterColumn, RosterTable, Vocabulary, vocabulary

__all__ = ["CodeSet", "RosterColumn", "RosterTable", "Vocabulary", "vocabulary"]
