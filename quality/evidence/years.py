"""The time that a title names, in the calendars and scripts that titles are written in.

"Q3 2025", "März 2026", "令和3年度", "ميزانية ٢٠١٩" and "งบประมาณ 2562" all name a time with an end. What is read is the
last day of the latest time named; of a span such as "2019/20" the first year alone, so that it is rather over too early
than too late: data of a time that is over are never called late.
"""

from __future__ import annotations

import calendar
import re
import unicodedata
from collections.abc import Iterator
from datetime import date

from specs.vocabularies import read

__all__ = ["YEAR", "fold", "last_day_named", "western"]

YEAR = r"(?<![\d:])(?<!\d[.,])(?:19|20)\d\d(?!\d|[.,]\d|\s?(?:m|km|ft|ha)\b)"
"""A year of the common era; neither a scale (1:2000) nor a length (2000 m)."""
_DIGITS = {code: str(unicodedata.decimal(chr(code))) for code in range(0x660, 0xAC00) if chr(code).isdecimal()}
_GREEK = str.maketrans("άέήίϊΐόύϋΰώ", "αεηιιιουυυω")
"""Capitals are written without accents."""
_ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925, "r": 2018, "h": 1988, "s": 1925}
"""The year before the first of each era of Japan."""
_JAPAN = re.compile(r"(?:(令和|平成|昭和)\s?|(?<![a-z])([rhs]))(\d{1,2}|元)(?:年|(?=[.\s_)）～〜-]|$))")
_MINGUO = re.compile(r"(?:民國\s?(\d{2,3})|(?<!\d)(10[1-9]|1[1-3]\d))年")
_THAI = re.compile(r"(?<!\d)25[4-9]\d(?!\d)")
_HIJRI = re.compile(r"(?<!\d)1[34]\d\d(?!\d)")
_FISCAL = re.compile(r"\bfy\s?'?(\d\d)(?!\d)")
_PERSIAN = re.compile("[پچژگکی]")
_KANJI = {"一": 1, "二": 2, "三": 3, "四": 4, "上": 1, "下": 2}
_TH = r"(?:st|nd|rd|th|er|re|e|ème|eme|o|a|[.ºª°])?\s?"
_OF = r"\.?,?\s?(?:of the|of|de|del|du|di|dell'|του)?\s?"


def fold(text: str) -> str:
    """A text as words are compared: one form of each sign, in lower case (ς is σ, ß is ss), Greek without accents."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold().translate(_GREEK)


def _months() -> dict[str, int]:
    rows = [list(row.values())[1:] for row in read("month_names")]
    return {fold(name.strip()): at for row in rows for at, cell in enumerate(row, 1) for name in cell.split("|")}


_MONTHS = _months()
_NAME = rf"(?<!\w)(?P<name>{'|'.join(sorted(map(re.escape, _MONTHS), key=len, reverse=True))})(?!\w)"
_Y = rf"(?P<y>{YEAR})"
_NARROW = tuple(
    (months, re.compile(pattern))
    for months, pattern in (
        (3, rf"(?<!\w)[qt](?P<n>[1-4])[\s/_-]{{0,3}}{_Y}"),
        (3, rf"{_Y}[\s/_-]{{0,3}}[qt](?P<n>[1-4])(?!\w)"),
        (3, rf"(?<!\d)(?P<n>[1-4]){_TH}(?:quarter|qtr|q|quartal|trimestre|trim|t|kwartaal|kvartal|квартал){_OF}{_Y}"),
        (3, rf"{_Y}年第?(?P<n>[1-4一二三四])(?:四半期|季度|季)"),
        (3, rf"{_Y}년\s?(?P<n>[1-4])분기"),
        (6, rf"(?<!\w)[hs](?P<n>[12])[\s/_-]{{0,3}}{_Y}"),
        (6, rf"{_Y}[\s/_-]{{0,3}}[hs](?P<n>[12])(?!\w)"),
        (6, rf"(?<!\d)(?P<n>[12]){_TH}(?:half|halbjahr|semestre){_OF}{_Y}"),
        (6, rf"{_Y}年(?P<n>[上下])半"),
        (1, rf"{_NAME}[\s.,/_-]{{0,3}}(?:\d{{1,2}}(?:st|nd|rd|th)?,?\s)?{_OF}{_Y}"),
        (1, rf"{_Y}[\s.,/_-]{{1,3}}{_NAME}"),
        (1, rf"{_Y}-(?P<n>0[1-9]|1[0-2])(?!\d)"),
        (1, r"(?<!\d)(?P<n>0?[1-9]|1[0-2])[./](?P<y>(?:19|20)\d\d)(?!\d)"),
        (1, rf"{_Y}[年년]\s?(?P<n>1[0-2]|[1-9])[月월]"),
    )
)
"""Parts of a year: of how many months each is, and how it is written. ``n`` counts them from 1."""
_ANY_YEAR = re.compile(YEAR)
_MAY_HOLD = re.compile(r"(?:19|20)\d\d")


def western(text: str) -> str:
    """A text in lower case, its digits 0 to 9 and its years those of the common era."""
    if text.isascii():
        return _FISCAL.sub(r"20\1", text.lower())
    plain = fold(text).translate(_DIGITS)
    plain = _JAPAN.sub(_of_japan, _FISCAL.sub(r"20\1", plain))
    if not _ANY_YEAR.search(plain):
        plain = _MINGUO.sub(lambda found: f"{1911 + int(found[1] or found[2])}年", plain)
        if re.search("[\u0e00-\u0e7f]", plain):
            plain = _THAI.sub(lambda found: str(int(found[0]) - 543), plain)
        if re.search("[\u0600-\u06ff]", plain):
            of_sun = _PERSIAN.search(plain) is not None
            plain = _HIJRI.sub(lambda found: str(_of_hijra(int(found[0]), of_sun=of_sun)), plain)
    return plain


def _of_japan(found: re.Match[str]) -> str:
    return f"{_ERAS[found[1] or found[2]] + (1 if found[3] == '元' else int(found[3]))}年"


def _of_hijra(year: int, *, of_sun: bool) -> int:
    """The last year of the common era of which a day may lie in a year of the Iranian, or else the Islamic, calendar.

    The first is as long as ours and begins in March; of the second, 33 are as long as 32 of ours.
    """
    # Of the two, 1402 is now the year of the sun: by the moon it was 1982.
    return year + 622 if of_sun or year <= 1410 else int(year * 0.970224 + 622.54)


def last_day_named(text: str) -> date | None:
    """The last day of the latest year, half-year, quarter or month in a text that is ``western``; None without one."""
    return max(_ends(text), default=None) if _MAY_HOLD.search(text) else None


def _ends(text: str) -> Iterator[date]:
    for months, pattern in _NARROW:
        # What is read as part of a year is not read again as the year.
        while found := pattern.search(text):
            names = found.groupdict()
            name, number = names.get("name"), names.get("n") or ""
            n = _MONTHS[name] if name else _KANJI.get(number) or int(number)
            month, year = n * months, int(names["y"])
            yield date(year, month, calendar.monthrange(year, month)[1])
            text = text[: found.start()] + " " * (found.end() - found.start()) + text[found.end() :]
    for found in _ANY_YEAR.finditer(text):
        yield date(int(found[0]), 12, 31)
