"""Look up declared texts as known licences, formats, frequencies, themes, access rights and languages.

Pure and offline: the only input is the tables in ``specs/vocabularies``, read once. A text is folded and looked up
in a dictionary; only licences are also searched for in HTML and prose. An uncertain result is None, never a guess: a
wrong "open" does more harm than an unknown. No look-up raises, whatever the text.
"""

from __future__ import annotations

from catalog.vocabulary.formats import FileFormat, file_format, format_of_url, known_media_type
from catalog.vocabulary.licences import Licence, is_restrictive, licence
from catalog.vocabulary.no_values import is_no_value, is_template
from catalog.vocabulary.terms import Concept, Frequency, access_right, frequency, language, language_code, theme

__all__ = [
    "FileFormat",
    "Frequency",
    "Licence",
    "Concept",
    "access_right",
    "file_format",
    "format_of_url",
    "frequency",
    "is_no_value",
    "is_restrictive",
    "is_template",
    "known_media_type",
    "language",
    "language_code",
    "licence",
    "theme",
]
