"""The municipality of Harborview (Hafenblick): a small CKAN in German, maintained by one person."""

from __future__ import annotations

from functools import cache, partial

from harvester.demo import tables
from harvester.demo.files import CSV, csv_bytes, geojson
from harvester.demo.responses import Exhibits, file
from harvester.demo.sites import Desk, Json, Organisation, Site, licence

__all__ = ["HARBORVIEW"]

CITY = Organisation("stadt-hafenblick", "Stadt Hafenblick", "statistik@hafenblick.example.org")
GERMAN_BY = licence("dl-by-de/2.0", "Datenlizenz Deutschland – Namensnennung – Version 2.0",
                    "https://www.govdata.de/dl-de/by-2-0")  # fmt: skip
SEE_WEBSITE = licence("other-closed", "siehe Webseite")
OFFICES = ("Kämmerei", "Bauamt", "Grünflächenamt", "Jugendamt", "Straßenverkehrsamt")


@cache
def _files(night: int) -> Exhibits:
    plan = tables.budget("hafenblick", ("Jahr", "Amt", "Produkt", "Ansatz", "Ergebnis"), 40, OFFICES)
    crime = tables.counts("hafenblick-kriminalität", ("Stadtteil", "Jahr", "Delikt", "Fälle"), ("Diebstahl", "Betrug"))
    trees = tables.places("hafenblick-bäume", ("baum_nr", "art", "stadtteil", "lon", "lat"), 350, "Straßenbaum")
    stops = tables.places("hafenblick-stops", ("halt_nr", "name", "stadtteil", "lon", "lat"), 120, "Haltestelle")
    water = tables.measurements("hafenblick-wasser", ("Messstelle", "Datum", "Nitrat_mg_l", "Härte_dH"), 1200)
    votes = tables.elections("hafenblick-wahl", ("Wahlbezirk", "Stadtteil", "Liste", "Stimmen"), ("A", "B", "C", "D"))
    grants = tables.spending("hafenblick-zuschüsse", ("Datum", "Amt", "Empfänger", "Betrag", "Vorgang"), 150)
    csv = partial(file, content_type=CSV)
    return {
        **({"zuschuesse.csv": lambda: csv(csv_bytes(grants))} if night >= 3 else {}),
        "haushalt-2025.csv": lambda: file(
            csv_bytes(plan, delimiter=";", encoding="cp1252", decimal=","), "text/csv; charset=windows-1252"
        ),
        "kriminalitaet.csv": lambda: csv(csv_bytes(crime)),
        "strassenbaeume.geojson": lambda: file(geojson(trees), "application/geo+json"),
        "haltestellen.csv": lambda: csv(csv_bytes(stops)),
        "trinkwasser.csv": lambda: csv(csv_bytes(tables.ragged(water) if night == 1 else water)),
        "wahl-2024.csv": lambda: csv(csv_bytes(votes)),
    }


def _records(root: str, night: int) -> list[Json]:
    desk = Desk(root, "harborview", "/harborview")
    when = "2026-03-04T02:40:19.004150"
    put = partial(desk.package, by=CITY, under=GERMAN_BY)
    res = desk.resource
    packages = [
        put("haushaltsplan-2025", "Haushaltsplan 2025 der Stadt Hafenblick",
            "Ansätze und Ergebnisse je Amt und Produkt, in Euro; Dezimalkomma.",
            res("haushalt-2025.csv", "CSV", mimetype="text/csv"), tags=("haushalt", "finanzen"), group="verwaltung",
            extras={"frequency": "ANNUAL", "language": "de"}),
        put("kriminalitaetsstatistik", "Kriminalitätsstatistik nach Stadtteilen", "Polizeilich erfasste Fälle.",
            res("kriminalitaet.csv", "csv"), tags=("kriminalität", "polizei"), group="verwaltung"),
        put("strassenbaeume", "Straßenbäume", "Alle Bäume auf öffentlichem Grund, mit Art und Standort.",
            res("strassenbaeume.geojson", "GeoJSON"), tags=("bäume", "grünflächen"), group="umwelt"),
        put("bushaltestellen", "Bushaltestellen", "Haltestellen des Stadtverkehrs.",
            res("haltestellen.csv", "CSV", url_type="upload"), tags=("öpnv",), group="verkehr"),
        put("trinkwasserqualitaet", "Trinkwasserqualität", "Nitrat und Härte je Messstelle und Tag.",
            res("trinkwasser.csv", "CSV", mimetype="text/csv"), tags=("wasser",), group="umwelt"),
        put("wahlergebnisse-2024", "Wahlergebnisse 2024", "Stimmen je Wahlbezirk und Liste.",
            res("wahl-2024.csv", "Tabelle" if night == 1 else "CSV"), tags=("wahl",),
            under=SEE_WEBSITE if night == 1 else GERMAN_BY,
            modified="2024-07-01T10:00:00.000001" if night == 1 else "2026-03-02T03:15:22.640118"),
    ]  # fmt: skip
    if night >= 3:
        notes = "Alle Zuschüsse der Stadt mit Empfänger, Betrag und Vorgang."
        packages.append(
            put("zuschuesse", "Zuschüsse der Stadt Hafenblick", notes,
                res("zuschuesse.csv", "CSV", mimetype="text/csv"), tags=("zuschüsse", "finanzen"), group="verwaltung",
                created=when, modified=when, extras={"frequency": "MONTHLY", "language": "de"})
        )  # fmt: skip
    return packages


HARBORVIEW = Site(
    id="harborview",
    type="ckan",
    title="Offene Daten Hafenblick",
    path="/harborview",
    government="Municipality of Harborview",
    country="XSO",
    contact_email="opendata@hafenblick.example.org",
    records=_records,
    files=_files,
)
