"""What each function becomes where the engine's function of that name does not do it, or not safely."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from rosterbus.errors import ConfigError
from rosterbus.mapping.codes import lookup_sql
from rosterbus.mapping.date_formats import DateFormat, read_format, read_source_format
from rosterbus.mapping.pieces import Piece, choose, computed, quoted_text, strict
from rosterbus.mapping.syntax import SCHEMA, prove

Arguments = Sequence[Piece]

_PHONE = r"'^\s*(?:\+?1[\s.-]*)?\(?(\d{3})\)?[\s./-]*(\d{3})[\s.-]*(\d{4})\s*$'"
_PHONE_FORMATS = {"9999999999": r"'\1\2\3'", "(999) 999-9999": r"'(\1) \2-\3'"}
_YEARS = "'^(..)(..)(..)(..)$'"
_YEAR_FORMATS = {"YYYY-YYYY": r"'\1\2-\3\4'", "YYYY-YY": r"'\1\2-\4'", "start": r"'\1\2'", "end": r"'\3\4'"}
_OTHER_SCRIPT = r"'[^\p{Latin}\p{Common}\p{Inherited}]'"
_LONGER_LETTERS = {"ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "þ": "th", "Þ": "Th"}
_LETTERS = ("øØłŁđĐðÐħĦıŧŦŋŊ’‘ʼ`´‐‑‒–—", "oOlLdDdDhHitTnN'''''-----")


def _text(sql: str, arguments: Arguments) -> Piece:
    return Piece(sql, "text", sum(argument.growth for argument in arguments))


def _constant(argument: Piece) -> str:
    return str(argument.constant)


def _filled(argument: Piece) -> str:
    """The SQL of a constant that must not be empty."""
    if not argument.constant:
        raise ConfigError("an empty text has no meaning here", allowed="at least one character")
    return argument.sql


def _blank_as_null(arguments: Arguments) -> str:
    return ", ".join(f"nullif({argument.sql}, '')" for argument in arguments)


def _direct(arguments: Arguments) -> Piece:
    return arguments[0]


def _join(arguments: Arguments) -> Piece:
    return _text(f"concat_ws({arguments[0].sql}, {_blank_as_null(arguments[1:])})", arguments)


def _pick(arguments: Arguments) -> Piece:
    return _text(f"coalesce({_blank_as_null(arguments)})", arguments)


def _coalesce(arguments: Arguments) -> Piece:
    kinds = {argument.kind for argument in arguments}
    if len(kinds) > 1:
        found = " and ".join(sorted(kinds))
        raise ConfigError("`coalesce` chooses between values of one kind; use pick for texts", found=found)
    if kinds == {"text"}:
        return _pick(arguments)
    return Piece(f"coalesce({', '.join(argument.sql for argument in arguments)})", kinds.pop())


def _split(arguments: Arguments) -> Piece:
    text, around, fragment = arguments
    if fragment.constant == 0:
        raise ConfigError("fragments are counted from 1, or from -1 at the end", found="0")
    return computed(f"split_part({text.sql}, {_filled(around)}, {fragment.sql})", "text", [text, fragment])


def _replace(arguments: Arguments) -> Piece:
    text, find, replacement = arguments
    longer = -(-len(_constant(replacement)) // len(_constant(find) or " "))
    return Piece(
        f"replace({text.sql}, {_filled(find)}, {replacement.sql})", "text", text.growth * max(1, longer)
    )


def _regexp(name: str) -> Callable[[Arguments], Piece]:
    """A pattern that the engine cannot read would otherwise show in the first row only."""

    def emit(arguments: Arguments) -> Piece:
        constants = ", ".join(argument.sql for argument in arguments[1:])
        prove(f"{name}('', {constants})")
        return Piece(f"{name}({arguments[0].sql}, {constants})", "text", arguments[0].growth)

    return emit


def _regexp_matches(arguments: Arguments) -> Piece:
    return replace(_regexp("regexp_matches")(arguments), kind="condition")


def _regexp_replace(arguments: Arguments) -> Piece:
    growth = arguments[0].growth * (1 + len(_constant(arguments[2])))
    return replace(_regexp("regexp_replace")(arguments), growth=growth)


def _if_then_else(arguments: Arguments) -> Piece:
    test, then, otherwise = arguments
    return choose([(test, then)], otherwise)


def _pad(name: str) -> Callable[[Arguments], Piece]:
    """Padding that neither cuts a text that is longer already nor makes an id out of a blank."""

    def emit(arguments: Arguments) -> Piece:
        text, length, fill = arguments
        longest = f"CAST(greatest(length({text.sql}), {length.sql}) AS INTEGER)"
        sql = f"{name}(nullif({text.sql}, ''), {longest}, {_filled(fill)})"
        return _text(sql, arguments)

    return emit


def _one_of(formats: Mapping[str, str], argument: Piece) -> str:
    try:
        return formats[_constant(argument)]
    except KeyError:
        raise ConfigError("this is no such format", found=_constant(argument), allowed=formats) from None


def _phone(arguments: Arguments) -> Piece:
    text, template = arguments[0].sql, _one_of(_PHONE_FORMATS, arguments[1])
    written = f"WHEN regexp_matches({text}, {_PHONE}) THEN regexp_replace({text}, {_PHONE}, {template})"
    sql = f"(CASE {written} WHEN {text} = '' THEN '' END)"
    return strict(sql, "text", given=f"{text} IS NOT NULL", growth=arguments[0].growth)


def _school_year(arguments: Arguments) -> Piece:
    template = _one_of(_YEAR_FORMATS, arguments[0]) if arguments else _YEAR_FORMATS["YYYY-YYYY"]
    day = arguments[1].sql if len(arguments) > 1 else f"{SCHEMA}.today()"
    # 1 July is the first day of a school year; 2026 * 10001 + 1 is 20262027, start and end in one number
    years = f"CAST(year({day} - INTERVAL 6 MONTH) * 10001 + 1 AS VARCHAR)"
    return Piece(f"regexp_replace({years}, {_YEARS}, {template})", "text")


def _match_codes(arguments: Arguments) -> Piece:
    text, constants = arguments[0], [_constant(argument) for argument in arguments[1:]]
    otherwise = quoted_text(constants.pop()) if len(constants) % 2 else None
    if not constants:
        raise ConfigError(
            "`match_codes` needs a code and its value", allowed="match_codes(grade, '09', 'Freshman')"
        )
    codes = dict(zip(constants[::2], constants[1::2], strict=True))
    if len(codes) * 2 < len(constants):
        twice = next(code for code in codes if constants[::2].count(code) > 1)
        raise ConfigError("a code stands twice in `match_codes`", found=twice)
    sql = lookup_sql(text.sql, codes)
    if otherwise is None:
        return strict(sql, "text", given=f"{text.sql} IS NOT NULL")
    return Piece(f"coalesce({sql}, {otherwise})", "text")


def _transliterate(arguments: Arguments) -> Piece:
    text = arguments[0].sql
    latin = f"translate(strip_accents({text}), {quoted_text(_LETTERS[0])}, {quoted_text(_LETTERS[1])})"
    for letter, letters in _LONGER_LETTERS.items():
        latin = f"replace({latin}, '{letter}', '{letters}')"
    # strip_accents would take the vowels out of other scripts
    kept = f"CASE WHEN regexp_matches({text}, {_OTHER_SCRIPT}) THEN {text} ELSE {latin} END"
    return Piece(rf"regexp_replace({kept}, '[^\pL\pM'' -]', '', 'g')", "text", 2 * arguments[0].growth)


def _read_date(text: str, source: DateFormat) -> str:
    """The pattern comes first, because strptime alone reads the year 20 out of '01/02/20' by %Y."""
    checked = f"regexp_extract(nullif({text}, ''), {quoted_text(source.pattern)})"
    moment = f"try_strptime({checked}, {quoted_text(source.directives)})"
    return moment if source.has_time else f"CAST({moment} AS DATE)"


def _try_strptime(arguments: Arguments) -> Piece:
    source = read_source_format(_constant(arguments[1]))
    return Piece(_read_date(arguments[0].sql, source), "moment" if source.has_time else "date")


def _strptime(arguments: Arguments) -> Piece:
    piece = _try_strptime(arguments)
    return strict(piece.sql, piece.kind, given=f"{arguments[0].sql} <> ''")


def _write_date(day: str, target: DateFormat, given: frozenset[str]) -> str:
    missing = sorted(target.parts - given)
    if missing:
        raise ConfigError(f"the date has no {' and no '.join(missing)} to write", found=target.directives)
    return f"strftime({day}, {quoted_text(target.directives)})"


def _format_date(arguments: Arguments) -> Piece:
    text, source, target = arguments
    read = read_source_format(_constant(source))
    sql = _write_date(_read_date(text.sql, read), read_format(_constant(target)), read.parts)
    return strict(sql, "text", given=f"{text.sql} <> ''")


def _strftime(arguments: Arguments) -> Piece:
    day, target = arguments[0], read_format(_constant(arguments[1]))
    given = frozenset({"year", "month", "day"}) if day.kind == "date" else target.parts
    return Piece(_write_date(day.sql, target, given), "text")


EMITTERS: Mapping[str, Callable[[Arguments], Piece]] = {
    "coalesce": _coalesce,
    "direct": _direct,
    "format_date": _format_date,
    "if_then_else": _if_then_else,
    "join": _join,
    "lpad": _pad("lpad"),
    "match_codes": _match_codes,
    "phone": _phone,
    "pick": _pick,
    "regexp_extract": _regexp("regexp_extract"),
    "regexp_matches": _regexp_matches,
    "regexp_replace": _regexp_replace,
    "replace": _replace,
    "rpad": _pad("rpad"),
    "school_year": _school_year,
    "split": _split,
    "strftime": _strftime,
    "strptime": _strptime,
    "substitute": _replace,
    "today": lambda _: Piece(f"{SCHEMA}.today()", "date"),
    "transliterate": _transliterate,
    "try_strptime": _try_strptime,
    "value": _direct,
}
