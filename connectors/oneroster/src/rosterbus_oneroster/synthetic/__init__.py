"""A made-up district as a OneRoster 1.1 zip, for demonstrations and tests; nobody in it exists."""

from rosterbus_oneroster.synthetic.district import District, write_district
from rosterbus_oneroster.synthetic.flaws import KINDS, Flaw

__all__ = ["KINDS", "District", "Flaw", "write_district"]
