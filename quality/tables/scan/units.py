"""Recognise units of measure, after a number or below the name of a column."""

from __future__ import annotations

import re

__all__ = ["is_unit"]

_UNIT = re.compile(
    r"\(?\[?\s*(%|‰|°\s?[CFKcf]?|°|[€£$¥]|(m|k|M|G|c|d|µ|μ|n|h)?(m|g|l|L|s|W|Wh|V|A|Hz|Pa|J|t|B|mol|bar)([²³23]|\^[23])?"
    r"|ha|h|min|d|a|km/h|m/s|m/h|mm/h|kn|kWh|MWh|GWh|TWh|PJ|TJ|toe|ppm|ppb|dB(\(A\))?|pH|in|ft|mi|lb|oz|gal|mph|no\.?|nr\.?"
    r"|n°|€|EUR|USD|GBP|CHF|JPY|SEK|NOK|DKK|PLN|CZK|HUF|[µμm]?g/(m[³3]|l|L|kg)|[kM]?W/m[²2]|1/\w{1,3}|\w{1,3}/\w{1,3}"
    r"|years?|months?|weeks?|days?|hours?|hrs?|minutes?|mins?|Jahre?n?|Monate?|Tage?|Stunden?|Std\.?|ans?|mois|jours?|años?"
    r"|公尺|公里|公頃|平方公尺|平方米|人|戸|戶|户|円|千円|百万円|元|公斤|公噸|歲|歳|м|км|га|кг|т|руб\.?|тыс\.?|чел\.?|명|원"
    r"|[-–—]|(1[ .,]?000|Tsd\.?|Mio\.?|Mrd\.?|million|thousand|index)( \w+)?)\s*\]?\)?"
)


def is_unit(cell: str) -> bool:
    """Return whether a cell contains only a unit of measure, with or without brackets.

    >>> is_unit("km/h"), is_unit("(EUR)"), is_unit("tree")
    (True, True, False)
    """
    return _UNIT.fullmatch(cell.strip()) is not None
