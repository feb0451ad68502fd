"""The corpus of words: for every row of every vocabulary, what the look-ups answer to each of its names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import specs
from catalog import vocabulary
from catalog.model import DataService, Dataset, Distribution, TableReport
from catalog.repositories.reading import StoredDataset
from catalog.repositories.subjects import DistributionSubject
from catalog.vocabulary.folding import split_list
from catalog.vocabulary.promises import hvd_code, hvd_top
from quality.census.recognise import Portrait, recognise
from quality.evidence.period_words import told_by
from quality.evidence.prose import is_law
from quality.evidence.texts import is_placeholder
from quality.evidence.years import last_day_named, western
from specs.vocabularies import read
from specs.vocabularies.countries import alpha3, name_of

__all__ = [
    "ALIASES", "FOR_READERS", "Row", "answers", "names", "record_of", "records_of_rows", "rule_of", "vocabularies",
]  # fmt: skip

Row = dict[str, str]
FOR_READERS = ("sources",)
"""Vocabularies that no program reads."""
ALIASES = ("licences", "formats", "frequencies", "themes", "access_rights", "languages", "countries")
"""Vocabularies with a column "aliases" of other names; a new alias changes only the answer to that alias."""
_WORD_COLUMNS = ("words", "texts")


def vocabularies() -> tuple[str, ...]:
    """Return the names of all vocabularies in ``specs/vocabularies`` that the program uses, sorted.

    Those that are only for readers of the documentation are left out.
    """
    folder = Path(specs.__file__ or "").parent / "vocabularies"
    return tuple(sorted(path.stem for path in folder.glob("*.csv") if path.stem not in FOR_READERS))


def names(row: Row) -> list[str]:
    """Return the aliases in a row of a vocabulary, sorted.

    Aliases are the only names that may be added within a version of the methodology.
    """
    return sorted(split_list(row.get("aliases", "")))


def rule_of(row: Row) -> Row:
    """Return a row of a vocabulary without its aliases: what must not change within a version of the methodology."""
    return {column: value for column, value in row.items() if column != "aliases"}


def _said(vocabulary_name: str, row: Row) -> list[str]:
    """Return every name of a row: codes, titles, URLs and aliases, each once, sorted."""
    if vocabulary_name == "month_names":
        return sorted(
            {word.strip() for column, cell in row.items() if column != "language" for word in cell.split("|")}
        )
    for column in _WORD_COLUMNS:
        if column in row:
            return sorted({word.strip() for word in row[column].split("|") if word.strip()})
    lists = [*names(row), *split_list(row.get("media_types", "")), *split_list(row.get("extensions", ""))]
    columns = ("id", "title", "name", "alpha2", "alpha3", "iso2", "eu_uri", "homepage")
    return sorted({*lists, *(row[one] for one in columns if row.get(one))})


def _licence(text: str) -> Any:
    found = vocabulary.licence(text)
    told = found and [
        found.id, found.open_definition, found.is_open, found.is_data_usable, found.in_mqa_list, found.eu_uri,
        found.homepage,
    ]  # fmt: skip
    sentence = vocabulary.licence(f"The data are published under {text}.")
    return [told, vocabulary.is_restrictive(text), sentence and sentence.id]


def _format(text: str) -> Any:
    found, named = vocabulary.file_format(text), vocabulary.format_of_url(f"https://files.example/data.{text}")
    told = found and [
        found.id, found.eu_uri, list(found.media_types), found.kind, found.is_machine_readable,
        found.is_non_proprietary, found.mqa_machine_readable, found.mqa_non_proprietary, found.ckan_stars,
        found.is_generic,
    ]  # fmt: skip
    return [told, named and named.id, vocabulary.known_media_type(text)]


def _frequency(text: str) -> Any:
    found = vocabulary.frequency(text)
    return found and [found.id, found.eu_uri, found.period_days, found.is_unbounded]


def _term(look_up: Callable[[str], vocabulary.Concept | None]) -> Callable[[str], Any]:
    def answer(text: str) -> Any:
        found = look_up(text)
        return found and [found.id, found.eu_uri]

    return answer


def _creative_commons(text: str) -> Any:
    asked = (
        text,
        f"CC {text}",
        f"Creative Commons {text} 4.0",
        f"CC BY {text}",
        f"{text} BY 3.0",
        f"The data are CC BY {text} 4.0.",
    )
    return [(found := vocabulary.licence(one)) and found.id for one in asked]


def _told(text: str) -> Any:
    titles = (f"Trees {text}", f"Trees {text} 2019", f"Trees 2019 {text}", text)
    return [[told.frequency, told.is_closed, told.until] for told in map(told_by, titles)]


LOOK_UPS: dict[str, Callable[[str], Any]] = {
    "access_rights": _term(vocabulary.access_right),
    "countries": lambda text: [alpha3(text), name_of(text)],
    "creative_commons": _creative_commons,
    "formats": _format,
    "frequencies": _frequency,
    "hvd_categories": lambda text: [hvd_code(text), hvd_top(text)],
    "key_datasets": lambda text: [[one.key, one.points] for one in recognise(Portrait(title=text))],
    "languages": lambda text: [_term(vocabulary.language)(text), vocabulary.language_code(text)],
    "law_words": lambda text: [is_law(text), is_law(f"x {text} x"), is_law(f"x{text}x")],
    "licences": _licence,
    "month_names": lambda text: last_day_named(western(f"trees {text} 2019")),
    "no_values": lambda text: [vocabulary.is_no_value(text), vocabulary.is_no_value(text, by_program=True)],
    "period_words": _told,
    "placeholders": is_placeholder,
    "themes": _term(vocabulary.theme),
}
"""The look-up of each vocabulary, with all attributes that it returns."""


OTHER_TEXTS: dict[str, tuple[str, ...]] = {
    "licences": (
        "https://w3id.org/italia/controlled-vocabulary/licences/A21_CCBY40",
        "A29_IODL20",
        "https://w3id.org/italia/controlled-vocabulary/licences/A29_IODL20",
        "https://www.openstreetmap.org/copyright/de",
        "http://inspire.ec.europa.eu/metadata-codelist/ConditionsApplyingToAccessAndUse/noConditionsApply",
        "http://inspire.ec.europa.eu/metadata-codelist/ConditionsApplyingToAccessAndUse/conditionsUnknown",
        "https://www.etalab.gouv.fr/licence-ouverte-v2-0",
        "https://www.etalab.gouv.fr/licence-ouverte-open-licence",
        "Open Government Licence - City of Harborview",
        "Open Government Licence Korea",
        "Open Government Licence",
        "https://city.example/open-government-licence",
        "Under the Open Government Licence of Ontario",
        "CC BY",
        "https://creativecommons.org/licenses/by-sa/3.0/au/deed.en",
        "CC BY 4.0 or ODbL 1.0",
        "CC BY 4.0 except images",
        "<b>Licence</b>: CC&nbsp;BY&nbsp;4.0",
        "CC BY-NC",
        "see http://opendatacommons.org/licenses/odbl/",
        "x" * 20_001,
        "https://spdx.org/licenses/MIT.html",
        "Free for academic use only",
        "no licence",
        "CC-BY 2.1 JP",
        "CC BY 9.9",
    ),
    "formats": (
        "CSV and JSON",
        "CSV (semicolon)",
        "zipped csv",
        "shp (wgs84)",
        "text/csv;header=present",
        "application/x-odd",
        "https://publications.europa.eu/resource/authority/file-type/CSV",
        "files: CSV",
        "csv/json",
        "CSV, csv",
        ".Xlsx",
    ),
    "frequencies": (
        "R/P1M",
        "R5/2008-03-01/P1Y",
        "P1.5M",
        "P45D",
        "PT12H",
        "R/P52W",
        "P0D",
        "P2000Y",
        "every 18 months",
        "3か月ごと",
        "twice a week",
        "three times a year",
        "alle 2 Wochen",
        "概ね1年",
        "1日2回",
        "月に1回",
        "annual (in May)",
        "jaehrlich",
        "every full moon",
        "about every 10 years",
    ),
    "languages": ("en-US", "eng; CAN", "English (Canada)", "http://lexvo.org/id/iso639-3/deu", "Klingon", "mul", "und"),
    "no_values": ("--", "?", "{{ title }}", "_:b0", "-- A summary --", "<br />", "${x}", "%(name)s", "", "a fact"),
    "period_words": (
        "1999-2003",
        "(2015-)",
        "2009 to date",
        "Q3 2024",
        "2nd half 2023",
        "2024-05",
        "05/2024",
        "令和5年",
        "民國110年",
        "۱۴۰۲",
        "1445",
        "2566 ก",
        "FY24",
        "2019年上半",
        "2024年3月",
        "March 2024",
        "2024 March",
        "since January 2009",
        "12:2019",
    ),
    "placeholders": ("N/A.", "lorem ipsum dolor", "Trees", "- - -"),
    "law_words": ("lawn", "Trees", "条例"),
    "hvd_categories": ("http://data.europa.eu/bna/c_dd313021/", "no such"),
    "access_rights": ("whoever asks",),
    "themes": ("no such",),
    "countries": ("no such",),
    "key_datasets": ("no such", "Calidad de Aire", "Campaign Finance - Election 2014", "人口統計", "Hospitales"),
}
"""Texts that are in no row but that rules around the rows recognise: licence families, durations, templates."""


def answers(vocabulary_name: str) -> list[Any]:
    """Return what the look-up function of a vocabulary returns for each name in each row, and for some texts of
    no row.
    """
    look_up = LOOK_UPS[vocabulary_name]
    rows = [[[text, look_up(text)] for text in _said(vocabulary_name, row)] for row in read(vocabulary_name)]
    return [*rows, [[text, look_up(text)] for text in OTHER_TEXTS.get(vocabulary_name, ())]]


def record_of(vocabulary_name: str, row: Row) -> StoredDataset:
    """Return a made-up dataset that declares the term of a vocabulary's row in every field where the term may occur."""
    word = row.get("id") or row.get("alpha3") or next(iter(_said(vocabulary_name, row)), "")
    d, files = Dataset(identifier="x", title=f"Trees: {word}"), [Distribution(access_url="https://files.example/x")]
    table = None
    match vocabulary_name:
        case "licences" | "creative_commons":
            name = word if vocabulary_name == "licences" else f"CC {word} 4.0"
            d = Dataset(identifier="x", licence=name, data_services=(DataService(licence=name),))
            files.append(Distribution(licence=name))
        case "formats":
            table = TableReport(status="not_a_table", format=word)
            media_type = next(iter(split_list(row["media_types"])), None)
            files = [Distribution(format=word), Distribution(media_type=media_type), Distribution(format="odd")]
        case "frequencies":
            d = Dataset(identifier="x", frequency=word, modified="2026-01-01")
        case "themes" | "access_rights" | "languages":
            d = Dataset(identifier="x", themes=(word,), access_rights=word, language=(word,))
        case "hvd_categories":
            d = Dataset(identifier="x", hvd_categories=(f"http://data.europa.eu/bna/{word}",))
        case "no_values" | "placeholders" | "law_words" | "month_names" | "period_words" | "key_datasets":
            d = Dataset(identifier="x", title=word, description=word, keywords=(word,), modified="2026-01-01")
            files = [Distribution(format="PDF", title=word)]
    return StoredDataset(
        id=f"{vocabulary_name}-{word}",
        portal_id="corpus",
        publisher_id=None,
        dataset=d,
        distributions=tuple(
            DistributionSubject(id=f"part-{at}", distribution=one, dataset=d, table=table)
            for at, one in enumerate(files)
        ),
    )


def records_of_rows() -> Iterator[tuple[str, StoredDataset]]:
    """Yield for every row of every vocabulary the vocabulary's name and a made-up dataset that declares the
    row's term.
    """
    for vocabulary_name in vocabularies():
        for row in read(vocabulary_name):
            yield vocabulary_name, record_of(vocabulary_name, row)
