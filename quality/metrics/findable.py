"""Metrics of findability: can the dataset be found, and told apart from others?"""

from __future__ import annotations

from quality.evidence.subject import DatasetSubject, DistributionSubject
from quality.evidence.texts import information, is_code, is_placeholder, plain_text
from quality.metrics.answers import present, yes

__all__: list[str] = []

ENOUGH = 65.0
"""Least information in a description, counted in letters of different words: about two short sentences."""
NEW = 20.0
"""Least number of letters in words of the description that the title does not contain."""
AT_FIRST = 400
"""Characters of a description that are read first; the rest is read only if these do not decide."""
ENOUGH_FOR_A_TITLE = 2.4
"""Least information in a title: three letters, one Chinese character or one Korean syllable ("GIS", "亀", "물")."""


def title_present(s: DatasetSubject) -> float:
    """Return 1 if the dataset has a title (dct:title) with a letter or digit, else 0."""
    return present(s.dataset.title)


def title_informative(s: DatasetSubject) -> float | None:
    """Return 1 if the title says something about the content; 0 if it says nothing.

    It says nothing if it is the dataset's identifier, another code, a file name, a URL or a placeholder, or if it is
    shorter than three letters (or one Chinese character). None if the title has no letter or digit, because the metric
    ``title_present`` already fails.
    """
    title = plain_text(s.dataset.title).strip()
    if not present(s.dataset.title):
        return None
    is_empty = title == s.dataset.identifier or is_code(title) or is_placeholder(title)
    return yes(not is_empty and information(title, ENOUGH_FOR_A_TITLE) >= ENOUGH_FOR_A_TITLE)


def description_present(s: DatasetSubject) -> float:
    """Return 1 if the dataset has a description (dct:description) with a letter or digit, else 0."""
    return present(s.dataset.description)


def description_informative(s: DatasetSubject) -> float | None:
    """Return 1 if the description is long enough and says more than the title; 0 if not, or if it is a placeholder.

    It is long enough with 65 letters in different words, of which 20 are in words that the title does not contain. A
    letter counts for more in scripts that say more with one character (:func:`~quality.evidence.texts.information`).
    None if the description is missing or has no letter or digit.
    """
    if s.dataset.description is None or not present(s.dataset.description):
        return None
    title = plain_text(s.dataset.title)
    # The beginning decides in nearly all cases.
    text = plain_text(s.dataset.description[:AT_FIRST])
    if information(text, ENOUGH, beyond=title) < ENOUGH:
        text = plain_text(s.dataset.description)
        if information(text, ENOUGH) < ENOUGH or information(text, NEW, beyond=title) < NEW:
            return 0.0
    return yes(not is_placeholder(text))


def keyword_present(s: DatasetSubject) -> float:
    """Return 1 if the dataset has a keyword (dcat:keyword) that is not a placeholder, else 0."""
    return yes(any(present(word) and not is_placeholder(word) for word in s.dataset.keywords))


def theme_present(s: DatasetSubject) -> float:
    """Return 1 if the dataset has a theme (dcat:theme), of any vocabulary, else 0."""
    return present(s.dataset.themes)


def spatial_present(s: DatasetSubject) -> float:
    """Return 1 if the dataset declares the area that it covers (dct:spatial), else 0."""
    return present(s.dataset.spatial)


def temporal_present(s: DatasetSubject) -> float:
    """Return 1 if the dataset declares the start or end of the period that it covers (dct:temporal), else 0."""
    return yes(bool(s.dataset.temporal_start or s.dataset.temporal_end))


def identifier_present(s: DatasetSubject) -> float:
    """Return 1 if the dataset has a declared identifier (dct:identifier), else 0."""
    return present(s.dataset.identifier)


def other_identifier_present(s: DatasetSubject) -> float:
    """Return 1 if the dataset has another identifier (adms:identifier), such as a DOI, else 0."""
    return present(s.dataset.other_identifiers)


def landing_page_present(s: DatasetSubject) -> float:
    """Return 1 if the dataset has a landing page (dcat:landingPage), else 0."""
    return present(s.dataset.landing_page)


def relation_present(s: DatasetSubject) -> float:
    """Return 1 if the dataset links to related resources (dct:relation), else 0."""
    return present(s.dataset.relations)


def legislation_present(s: DatasetSubject) -> float:
    """Return 1 if the dataset names the law that requires it (dcatap:applicableLegislation), else 0."""
    return present(s.dataset.applicable_legislation)


def distribution_title_present(s: DistributionSubject) -> float:
    """Return 1 if the distribution has a title (dct:title) of its own, else 0."""
    return present(s.distribution.title)


def distribution_description_present(s: DistributionSubject) -> float:
    """Return 1 if the distribution has a description (dct:description) of its own, else 0."""
    return present(s.distribution.description)
