"""Read the period that a title names, in the calendars and scripts in which titles are written.

"Q3 2025", "März 2026", "令和3年度", "ميزانية ٢٠١٩" and "งบประมาณ 2562" all name a period with an end. The result is the
last day of the latest period named. Of a span such as "2019/20" only the first year is read, so that the period is over
too early rather than too late: data about a period that is over are never called late.
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
"""Pattern of a year of the common era, but not of a scale (1:2000) or a length (2000 m)."""
_DIGITS = {code: str(unicodedata.decimal(chr(code))) for code in range(0x660, 0xAC00) if chr(code).isdecimal()}
_GREEK = str.maketrans("άέήίϊΐόύϋΰώ", "αεηιιιουυυω")
"""Capital letters are written without accents."""
_ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925, "r": 2018, "h": 1988, "s": 1925}
"""The year before the first year of each Japanese era."""
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
    """Return a text in lower case and normalised (NFKC), so that words can be compared. Greek letters lose their
    accents.
    """
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
"""Parts of a year: their length in months, and how they are written. Group ``n`` numbers them from 1."""
_ANY_YEAR = re.compile(YEAR)
_MAY_HOLD = re.compile(r"(?:19|20)\d\d")


def western(text: str) -> str:
    """Return a text in lower case, with the digits 0 to 9, and with years of other calendars as years of the common
    era.

    Fiscal years ("FY24") are always converted, and years of Japanese eras in every text that is not plain ASCII. Years
    of the Chinese Republic and of the Thai, Iranian and Islamic calendars are converted only if the text has no year of
    the common era.

    >>> western("令和3年度")
    '2021年度'
    """
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
    """Return the last year of the common era that shares a day with a year of the Iranian, or else Islamic, calendar.

    Iranian years are as long as ours and begin in March; 33 Islamic years are as long as 32 of ours.
    """
    # Where both are possible, 1402 is a year of the sun, so now; a year of the moon, it would be 1982.
    return year + 622 if of_sun or year <= 1410 else int(year * 0.970224 + 622.54)


def last_day_named(text: str) -> date | None:
    """Return the last day of the latest year, half-year, quarter or month that a text names; None if it names none.

    ``text`` must have been returned by ``western``.

    >>> last_day_named("budget q3 2025, draft of 2024")
    datetime.date(2025, 9, 30)
    """
    return max(_ends(text), default=None) if _MAY_HOLD.search(text) else None


def _ends(text: str) -> Iterator[date]:
    for months, pattern in _NARROW:
        # What was read as a part of a year is blanked, so that it is not read again as the whole year.
        while found := pattern.search(text):
            names = found.groupdict()
            name, number = names.get("name"), names.get("n") or ""
            n = _MONTHS[name] if name else _KANJI.get(number) or int(number)
            month, year = n * months, int(names["y"])
            yield date(year, month, calendar.monthrange(year, month)[1])
            text = text[: found.start()] + " " * (found.end() - found.start()) + text[found.end() :]
    for found in _ANY_YEAR.finditer(text):
        yield date(int(found[0]), 12, 31)
