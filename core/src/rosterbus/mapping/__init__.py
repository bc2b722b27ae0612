"""The mapping language: one SQL expression over one row's columns, allow-listed before it runs."""

from rosterbus.mapping.codes import FAILED, UNMATCHED, Unmatched, match_sql, read_codes
from rosterbus.mapping.expressions import Expression, compile_condition, compile_expression, guarded
from rosterbus.mapping.functions import EXAMPLE_ROW, EXAMPLE_TODAY, FUNCTIONS, FunctionDoc
from rosterbus.mapping.passwords import install_secret, password_sql
from rosterbus.mapping.syntax import install_functions

__all__ = [
    "EXAMPLE_ROW",
    "EXAMPLE_TODAY",
    "FAILED",
    "FUNCTIONS",
    "UNMATCHED",
    "Expression",
    "FunctionDoc",
    "Unmatched",
    "compile_condition",
    "compile_expression",
    "guarded",
    "install_functions",
    "install_secret",
    "match_sql",
    "password_sql",
    "read_codes",
]
