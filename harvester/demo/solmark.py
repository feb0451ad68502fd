"""The Republic of Solmark: a national CKAN at a sub-path, with most of the faults that portals have."""

from __future__ import annotations

import hashlib
from functools import cache, partial

from harvester.demo import tables
from harvester.demo.behaviours import BLOCKED, BROKEN, hostile, json_error, soft_404
from harvester.demo.files import CSV, XLSX, csv_bytes, geojson, html_table, pdf, xlsx, zipped
from harvester.demo.hostile import hostile_packages
from harvester.demo.responses import Exhibits, file, page
from harvester.demo.sites import ATTRIBUTION_4, NOT_SAID, Desk, Json, Organisation, Site, licence

__all__ = ["SOLMARK"]

FINANCE = Organisation("ministry-of-finance", "Ministry of Finance", "data@finance.example.org")
ENVIRONMENT = Organisation("environment-agency", "Environment Agency", "open@environment.example.org")
TRANSPORT = Organisation("ministry-of-transport", "Ministry of Transport", "data@transport.example.org")
STATISTICS = Organisation("statistics-solmark", "Statistics Solmark", "info@statistics.example.org")
INTERIOR = Organisation("ministry-of-the-interior", "Ministry of the Interior", "opendata@interior.example.org")

PUBLIC_DOMAIN = licence("cc-zero", "Creative Commons CCZero", "http://www.opendefinition.org/licenses/cc-zero")
PROSE = licence("other-at", "Free use if you name us, see the imprint of our website")
ONLY_URL = licence(None, None, "https://opendatacommons.org/licenses/odbl/1-0/")
EMPTY = licence("", "")

BUDGET = ("year", "ministry", "programme", "approved_xts", "executed_xts")
PEOPLE = ("district", "year", "age_group", "persons")
AGES = ("0-14", "15-24", "25-64", "65+")
SOLMARK_BOX = {"type": "Polygon", "coordinates": [[[-32, 40], [-29, 40], [-29, 42.5], [-32, 42.5], [-32, 40]]]}


@cache
def _budget() -> bytes:
    return csv_bytes(tables.budget("solmark-budget", BUDGET))


@cache
def _air() -> bytes:
    columns = ("station", "measured_on", "pm10_ug_m3", "no2_ug_m3")
    return csv_bytes(tables.measurements("solmark-air", columns, 4000))


def _people() -> bytes:
    return csv_bytes(tables.counts("solmark-people", PEOPLE, AGES))


@cache
def _files(night: int) -> Exhibits:
    spending = tables.spending("solmark-dépenses", ("date", "ministère", "fournisseur", "montant", "référence"))
    deals = tables.contracts("solmark-deals", ("contract_id", "buyer", "supplier", "award_date", "value", "currency"))
    stops = tables.places("solmark-stops", ("stop_id", "name", "district", "lon", "lat"), 400)
    schools = tables.places("solmark-schools", ("código", "nombre", "distrito", "longitud", "latitud"), 250, "Escuela")
    accidents = tables.counts("solmark-accidents", ("district", "year", "severity", "accidents"), ("slight", "fatal"))
    crime = tables.counts("solmark-crime", ("district", "year", "offence", "cases"), ("theft", "fraud"))
    duties = tables.spending("solmark-duties", ("from", "office", "trader", "duty", "code"), 300)
    pay = tables.budget("solmark-pay", ("year", "body", "post", "minimum", "maximum"), 20)
    forest = csv_bytes(tables.counts("solmark-forest", ("district", "year", "species", "hectares"), ("fir", "oak")))
    prices = tables.measurements("solmark-prices", ("region", "date", "electricity", "gas"), 900)
    tide = tables.measurements("solmark-tide", ("gauge", "date", "high_m", "low_m"), 700)
    csv = partial(file, content_type=CSV)
    exhibits: Exhibits = {
        "budget-2025.csv": lambda: csv(_budget()),
        "budget-2025.pdf": lambda: file(
            pdf("National budget 2025", [f"Chapter {n}: programmes and ceilings" for n in range(1, 45)]),
            "application/pdf",
        ),
        "depenses-2024.csv": lambda: file(
            csv_bytes(spending, delimiter=";", encoding="cp1252", decimal=","), "text/csv"
        ),
        "contracts.xlsx": lambda: file(xlsx(deals, "Contracts"), XLSX),
        "contracts.csv": lambda: csv(csv_bytes(deals)),
        "air-quality.csv": lambda: csv(_air()),
        "bus-stops.geojson": lambda: file(geojson(stops), "application/geo+json"),
        "bus-stops.zip": lambda: file(zipped({"bus-stops.csv": csv_bytes(stops)}), "application/zip"),
        "tariffs.csv": lambda: file(xlsx(duties), "text/csv"),
        "tariffs.xls": lambda: file(html_table(duties), "application/vnd.ms-excel"),
        "accidents.csv": lambda: csv(csv_bytes(tables.mistyped(accidents, 3))),
        "accidents-2025.csv": lambda: csv(csv_bytes(accidents, delimiter="\t")),
        "salaries.csv": lambda: csv(csv_bytes(tables.doubled(pay, 3) if night < 5 else pay)),
        "forest.csv": lambda: csv(forest),
        "energy-prices.csv": lambda: csv(csv_bytes(prices, bom=True)),
        "reserved/parcels.csv": lambda: csv(csv_bytes(stops)),
        "beds.csv": soft_404,
        "beds.json": json_error,
        "population.csv": lambda: page("Session expired", "Please sign in to the data desk.", content_type=CSV),
    }
    if night >= 6:
        exhibits["crime-2024.csv"] = lambda: csv(csv_bytes(crime))
    exhibits |= BROKEN | BLOCKED | hostile()
    if night == 1:
        return exhibits | {"escuelas.csv": lambda: csv(csv_bytes(schools))}
    return exhibits | {"population.csv": lambda: csv(_people()), "tides.csv": lambda: csv(csv_bytes(tide))}


def _records(root: str, night: int) -> list[Json]:
    desk = Desk(root, "solmark", "/solmark/data")
    put, res = desk.package, desk.resource
    yearly = {"frequency": "http://publications.europa.eu/resource/authority/frequency/ANNUAL", "language": "en"}
    place = {"spatial": SOLMARK_BOX, "spatial_uri": "https://example.org/solmark"}
    span = {"temporal_start": "2025-01-01", "temporal_end": "2025-12-31"}
    checksum = hashlib.sha256(_budget()).hexdigest()
    csv = {"mimetype": "text/csv"}
    packages = [
        put("national-budget-2025", "National budget 2025 by ministry and programme",
            "Approved and executed spending of every programme of the central government in the budget year 2025, "
            "in Solmark thalers. Updated once a year, when parliament has discharged the budget.",
            res("budget-2025.csv", "CSV", size=len(_budget()), hash=checksum, hash_algorithm="sha256", **csv,
                title="Budget by programme", description="One row a programme.", last_modified="2026-03-02T06:30:00",
                license=ATTRIBUTION_4["license_url"]),
            res("budget-2025.pdf", "PDF", mimetype="application/pdf", title="Budget act"),
            by=FINANCE, tags=("budget", "public-finance", "spending"), group="government",
            extras=yearly | place | span | {"contact_name": "Budget office", "issued": "2026-02-01",
                                            "modified": "2026-03-02", "access_rights": "public"}),
        put("depenses-publiques-2024", "Dépenses publiques de l’État 2024",
            "Paiements de l’administration centrale, par ministère et fournisseur. Séparateur : point-virgule.",
            res("depenses-2024.csv", "csv", **csv), by=FINANCE, tags=("dépenses", "finances publiques"),
            under=licence("lov2", "Licence Ouverte 2.0", "https://www.etalab.gouv.fr/licence-ouverte-open-licence"),
            group="government", extras={"language": "fr", "frequency": "annuelle"}),
        put("procurement-contracts", "Public procurement contracts above the threshold",
            "Awarded contracts with buyer, supplier and value.",
            res("contracts.xlsx", "EXCEL"), res("contracts.csv", ".csv", url_type="upload"),
            by=FINANCE, under=PUBLIC_DOMAIN, tags=("procurement", "contracts"), group="government",
            extras=place | {"frequency": "monthly"}),
        put("air-quality-daily", "Air quality, daily means of six stations", "PM10 and NO2 in µg/m³.",
            res("air-quality.csv", "CSV", size=len(_air()) * 7, **csv), by=ENVIRONMENT, tags=("air", "environment"),
            group="environment", extras=place | span | {"frequency": "daily"}),
        put("bus-stops", "Bus stops", "All stops of the national bus network.",
            res("bus-stops.geojson", "GeoJSON", mimetype="application/geo+json"), res("bus-stops.zip", "CSV (zip)"),
            by=TRANSPORT, under=ONLY_URL, tags=("transport", "bus", "mobility"), group="transport", extras=place),
        put("direcciones-de-escuelas", "Direcciones de centros escolares",
            "Escuelas públicas y concertadas, con coordenadas. Año escolar 2025/26.",
            res("escuelas.csv", "CSV", **csv), by=STATISTICS, tags=("educación", "escuelas"), group="education",
            extras={"language": "es"}),
        put("crime-statistics", "Recorded crime", "The data desk for recorded crime is being rebuilt.",
            res("crime-2024.csv", "CSV", **csv), res("empty.csv", "CSV"), by=INTERIOR, tags=("crime",),
            under=NOT_SAID if night < 6 else ATTRIBUTION_4, group="justice", modified=_changed(night, 6)),
        put("population-by-district", "Population by district, year and age group",
            "Resident population on 1 January, from the register.", res("population.csv", "CSV", **csv),
            by=STATISTICS, tags=("population", "demography"), group="population", extras=yearly | place),
        put("qualite-de-l-eau", "Qualité de l’eau potable", "Contrôles sanitaires, toutes communes.",
            res("gone.csv", "CSV"), res("server-error.csv", "CSV"), by=ENVIRONMENT, under=PROSE, tags=("eau",),
            group="environment"),
        put("hospital-beds", "Hospital beds", "Staffed beds by hospital and ward.",
            res("beds.csv", "CSV", **csv), res("beds.json", "CSV"), by=STATISTICS, tags=("health",), group="health"),
        put("customs-tariffs", "Customs tariffs", "Duties by trader and code.", res("tariffs.csv", "CSV", **csv),
            res("tariffs.xls", "XLS", mimetype="application/vnd.ms-excel"), by=FINANCE, tags=("trade",),
            under=EMPTY if night < 3 else ATTRIBUTION_4, modified=_changed(night, 3)),
        put("road-accidents", "Road accidents by district and severity", "Accidents known to the police.",
            res("accidents.csv", "CSV", **csv), res("accidents-2025.csv", "CSV", **csv), by=INTERIOR,
            tags=("traffic", "accidents"), group="transport", extras={"temporal_start": "2005", "frequency": "R/P1Y"}),
        put("company-register", "Company register", "Registered companies, nightly extract.",
            res("challenge.csv", "CSV", **csv), by=INTERIOR, tags=("companies",), group="economy"),
        put("weather-stations", "Weather stations and their readings", "Readings of the automatic stations.",
            res("too-many.csv", "CSV"), res("members-only.csv", "CSV"), by=ENVIRONMENT, tags=("weather",)),
        put("land-parcels", "Land parcels", "Extract of the cadastre for bulk users.",
            res("reserved/parcels.csv", "CSV", **csv), by=INTERIOR, tags=("cadastre",), extras=place),
        put("public-salaries", "Salary scales of the public service", "Minimum and maximum pay of every post.",
            res("salaries.csv", "CSV", **csv), by=FINANCE, tags=("salaries", "staff"), group="government",
            modified=_changed(night, 5)),
        put("energy-prices", {"en": "Energy prices for households", "fr": "Prix de l’énergie pour les ménages"},
            "Daily average prices.", res("energy-prices.csv", "Comma Separated Values"), by=None, tags=("energy",)),
        put("libraries", "Δημόσιες βιβλιοθήκες — 公共図書館 (public libraries)", "Κατάλογος των βιβλιοθηκών.",
            res("libraries.csv", "CSV", url="http://nicht-da.invalid/libraries.csv"), by=STATISTICS,
            tags=("βιβλιοθήκες", "図書館"), group="culture"),
        put("legacy-yearbook", "Statistical yearbook, legacy series", None,
            res("yearbook", "", url=""), res("loop-a.csv", "CSV", mimetype="text/csv"), by=STATISTICS,
            under=NOT_SAID, created="2013-02-01T00:00:00.000000", modified="2013-02-01T00:00:00.000000"),
        _forest(desk, night),
        put("draft-defence-spending", "Defence spending (draft)", "Not for the public yet.",
            by=FINANCE, private=True),
        *hostile_packages(desk),
    ]  # fmt: skip
    if night == 1:
        mines = res("mines.csv", "CSV", url=desk.file("forest.csv"))
        packages.append(put("closed-mines", "Closed mines", "Shafts closed since 1950.", mines, by=ENVIRONMENT))
    else:
        tides = res("tides.csv", "CSV", **csv)
        notes = "Daily high and low water at six gauges, in metres above chart datum."
        packages.append(
            put("tide-gauges", "Tide gauges", notes, tides, by=ENVIRONMENT, tags=("sea",), extras=place,
                created="2026-03-02T05:10:31.004417", modified="2026-03-02T05:10:31.004417")
        )  # fmt: skip
    return packages


def _changed(night: int, changes_on: int) -> str:
    """Return when a record was changed that changes on the night ``changes_on`` of the story."""
    return "2026-02-11T14:03:27.118840" if night < changes_on else f"2026-03-0{changes_on}T21:14:02.270316"


def _forest(desk: Desk, night: int) -> Json:
    put = partial(desk.package, "forest-inventory", by=ENVIRONMENT, tags=("forest",), group="environment")
    notes = "Hectares by district, year and species, from aerial photographs."
    if night == 1:
        return put("forestinv_v2_FINAL", notes, desk.resource("forest.csv", "file"), under=NOT_SAID)
    better = desk.resource("forest.csv", "CSV", mimetype="text/csv")
    return put("Forest inventory by district and species", notes, better, modified="2026-03-02T04:44:09.731005")


SOLMARK = Site(
    id="solmark",
    type="ckan",
    title="Solmark Open Data",
    path="/solmark/data",
    government="Republic of Solmark",
    country="XSO",
    contact_email="opendata@solmark.example.org",
    records=_records,
    files=_files,
)
