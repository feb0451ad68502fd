"""Can the dataset be found and told from others?"""

from __future__ import annotations

import re

from quality.metrics.answers import present, yes
from quality.subject import DatasetSubject, DistributionSubject

__all__: list[str] = []

_FILE_NAME = re.compile(r"^[\w.-]+\.(csv|xlsx?|ods|json|xml|zip|pdf|txt|shp|geojson)$", re.IGNORECASE)
ENOUGH = 100
"""Characters of a description that says something (data.gouv.fr)."""
ENOUGH_IDEOGRAPHS = 40
"""The same for scripts in which one character is a word or a syllable."""


def title_present(s: DatasetSubject) -> float:
    return present(s.dataset.title)


def title_informative(s: DatasetSubject) -> float | None:
    title = (s.dataset.title or "").strip()
    if not present(title):
        return None
    is_code = title == s.dataset.identifier or bool(_FILE_NAME.match(title)) or "://" in title
    return yes(not is_code and sum(char.isalpha() for char in title) >= 3)


def description_present(s: DatasetSubject) -> float:
    return present(s.dataset.description)


def description_informative(s: DatasetSubject) -> float | None:
    text = re.sub(r"<[^>]*>", " ", s.dataset.description or "").strip()
    if not present(text):
        return None
    wide = sum(1 for char in text if "\u2e80" <= char <= "\u9fff" or "\uac00" <= char <= "\ud7af")
    enough = ENOUGH_IDEOGRAPHS if wide * 2 > len(text) else ENOUGH
    return yes(len(text) > enough and text.casefold() != (s.dataset.title or "").strip().casefold())


def keyword_present(s: DatasetSubject) -> float:
    return yes(any(present(word) for word in s.dataset.keywords))


def theme_present(s: DatasetSubject) -> float:
    return present(s.dataset.themes)


def spatial_present(s: DatasetSubject) -> float:
    return present(s.dataset.spatial)


def temporal_present(s: DatasetSubject) -> float:
    return yes(bool(s.dataset.temporal_start or s.dataset.temporal_end))


def identifier_present(s: DatasetSubject) -> float:
    return present(s.dataset.identifier)


def other_identifier_present(s: DatasetSubject) -> float:
    return present(s.dataset.other_identifiers)


def landing_page_present(s: DatasetSubject) -> float:
    return present(s.dataset.landing_page)


def relation_present(s: DatasetSubject) -> float:
    return present(s.dataset.relations)


def legislation_present(s: DatasetSubject) -> float:
    return present(s.dataset.applicable_legislation)


def distribution_title_present(s: DistributionSubject) -> float:
    return present(s.distribution.title)


def distribution_description_present(s: DistributionSubject) -> float:
    return present(s.distribution.description)
