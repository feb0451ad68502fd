"""Can the dataset be found and told from others?"""

from __future__ import annotations

from quality.evidence.subject import DatasetSubject, DistributionSubject
from quality.evidence.texts import information, is_code, is_placeholder, plain_text
from quality.metrics.answers import present, yes

__all__: list[str] = []

ENOUGH = 65.0
"""Letters of different words of a description that says something: about two short sentences, 100 characters."""
NEW = 20.0
"""Letters of a description in words that the title does not hold."""
AT_FIRST = 400
"""Characters of a description that are looked at first."""
ENOUGH_FOR_A_TITLE = 2.4
"""Three letters, one Chinese character, or one Korean syllable: "GIS", "亀", "물"."""


def title_present(s: DatasetSubject) -> float:
    return present(s.dataset.title)


def title_informative(s: DatasetSubject) -> float | None:
    title = plain_text(s.dataset.title).strip()
    if not present(s.dataset.title):
        return None
    is_empty = title == s.dataset.identifier or is_code(title) or is_placeholder(title)
    return yes(not is_empty and information(title, ENOUGH_FOR_A_TITLE) >= ENOUGH_FOR_A_TITLE)


def description_present(s: DatasetSubject) -> float:
    return present(s.dataset.description)


def description_informative(s: DatasetSubject) -> float | None:
    """A title said again, however often, counts for nothing."""
    if s.dataset.description is None or not present(s.dataset.description):
        return None
    title = plain_text(s.dataset.title)
    # Nearly always the beginning decides.
    text = plain_text(s.dataset.description[:AT_FIRST])
    if information(text, ENOUGH, beyond=title) < ENOUGH:
        text = plain_text(s.dataset.description)
        if information(text, ENOUGH) < ENOUGH or information(text, NEW, beyond=title) < NEW:
            return 0.0
    return yes(not is_placeholder(text))


def keyword_present(s: DatasetSubject) -> float:
    return yes(any(present(word) and not is_placeholder(word) for word in s.dataset.keywords))


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
