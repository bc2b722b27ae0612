"""Texts that spreadsheets, parsers and careless code make something else of; as names they are all possible."""

from __future__ import annotations

FORMULAS = (
    "=cmd|' /C calc'!A0", '=HYPERLINK("https://example.org","Ng")', "=1+1", "+1", "-1", "@SUM(1)", "-2+3+cmd",
    "\t=1+1x", "%0A=1",
)  # fmt: skip
CSV = (
    'Ng "Bo" Li', '"', '""', "Ng, Bo", "Ng; Bo", "Ng\tBo", "Ng\nBo", "Ng\r\nBo", "O'Brien", "'quoted'", "a|b",
    "back\\slash", "\\N", "#comment", "{{7*7}}", "'; DROP TABLE students; --", "<b>Ng</b>", "&amp;",
)  # fmt: skip
LOOKS_LIKE_ANOTHER_TYPE = (
    "007", "0012e4", "1e5", "1/2/2024", "2024-01-02", "TRUE", "false", "NULL", "null", "None", "NaN", "inf", "N/A",
)  # fmt: skip
SCRIPTS = (
    "José Núñez", "Jose\u0301", "Łukasz", "İstanbul ı", "Straße ẞ", "Søren Ærø", "Đặng Thị Hạnh", "Ярослав", "Ελένη",
    "Թամար", "ნინო", "محمد", "שרה", "ܡܪܝܡ", "राम", "தமிழ்", "বাংলা", "ไทย", "ខ្មែរ", "အောင်", "王小明", "山田 太郎",
    "김민준", "አበበ", "ᏣᎳᎩ", "ᐃᓄᒃ", "ʻOkina", "𠮷野", "𝒜da", "ﬁona", "Ǆ",
)  # fmt: skip
INVISIBLE = (
    "\U0001f469\u200d\U0001f469\u200d\U0001f467", "\U0001f3f3\ufe0f\u200d\U0001f308", "न\u200dम", "می\u200cخواهم",
    "\u202eRTL", "a\u0323\u0307", "a\u0307\u0323", "soft\u00adhyphen", "e\u0301" * 30,
)  # fmt: skip
LONG = ("Zq" * 150, "長" * 300)
ODD = (*FORMULAS, *CSV, *LOOKS_LIKE_ANOTHER_TYPE, *SCRIPTS, *INVISIBLE, *LONG)
