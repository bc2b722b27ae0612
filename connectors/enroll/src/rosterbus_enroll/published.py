"""What SchoolMint has published about the exports of Enroll's Sync Service, and the article that states each."""

from __future__ import annotations

ARTICLE = "SchoolMint Enroll, Export Student Registrations via SFTP"

APPROVED = "Registration Approved"
"""The only status of a registration that is exported."""
FOLDER = "SISData/exports"
"""Where the folders of the years are, each called by the year in which its school year begins."""
EXTENSION = ".csv"
SEPARATORS = {"comma": ",", "tab": "\t", "semicolon": ";", "pipe": "|"}
"""Comma is called standard, and the ad hoc export offers the tab; the others are what readers commonly take."""
TEXT_IDENTIFIERS = {"double": '"', "single": "'"}
START_YEAR = r"[0-9]{4}(?:[-/](?:[0-9]{2}|[0-9]{4}))?"
"""A school year as people write it: 2026, 2026-27, 2026-2027."""
