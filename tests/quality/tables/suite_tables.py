"""Tables of every known kind, clean and spoiled, and short ways to ask expectations of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from quality.tables.expect.check import ExpectationResults, check_expectations, check_table
from quality.tables.read.text_table import TextTable, column_kinds
from specs.expectations import Expectation

Rows = list[list[str]]
TODAY = date(2025, 6, 1)


def table(header: str, rows: Rows) -> TextTable:
    return TextTable(header.split(";"), 1, rows, list(range(2, len(rows) + 2)))


def judged(data: TextTable, title: str | None = None) -> ExpectationResults:
    return check_table(data, column_kinds(data), len(data.rows), title=title, today=TODAY)


def asked(data: TextTable, *expectations: Expectation, row_count: int | None = None) -> ExpectationResults:
    return check_expectations(data, column_kinds(data), row_count, expectations, today=TODAY)


def expectation(kind: str, rule: str = "rule", **fields: object) -> Expectation:
    texts = {"severity": "error", "message": "It is not met.", "fix": "Fix it, please."}
    return Expectation.model_validate({"rule": rule, "type": kind, **texts, **fields})


# The suites


def _rows(make: Callable[[int], list[str]], count: int = 240) -> Rows:
    return [make(number) for number in range(count)]


CLEAN: dict[str, tuple[str, Rows]] = {
    "spending": (
        "Entity;Date of payment;Supplier;Amount;Transaction number",
        _rows(lambda n: ["Council", f"{n % 28 + 1:02}/03/2024", f"Firm {n % 40}", f"£{n},{n % 900 + 100}.50", f"T{n}"]),
    ),
    "budget": (
        "Jahr;Institution;Konto;Kontobezeichnung;Budget",
        _rows(lambda n: [str(2020 + n % 4), "Schulamt", f"{3000 + n}", "Löhne", f"{n}'{n % 900 + 100},50"]),
    ),
    "contracts": (
        "Contract number;Title;Supplier;Contract value;Start date;End date;CPV",
        _rows(lambda n: [f"C{n}", "Works", f"Firm {n}", f"{n}50.00", "2024-01-01", "2024-12-31", "45000000-7"]),
    ),
    "ocds": (
        "ocid;id;tag;tender/value/amount;tender/value/currency;tender/procurementMethod;awards/0/value/amount",
        _rows(lambda n: [f"ocds-213czf-{n}", str(n), "tender", f"{n}00", "EUR", "open", f"{n}"]),
    ),
    "elections": (
        "Wahlkreis;Wahlberechtigte;Wähler;Ungültige Stimmen;Partei;Stimmen;Wahlbeteiligung",
        _rows(lambda n: [f"Kreis {n}", f"{1000 + n}", f"{600 + n}", f"{n % 9}", "Partei", f"{n}", f"{50 + n % 9},5"]),
    ),
    "companies": (
        "CompanyNumber;CompanyName;CompanyStatus;IncorporationDate;DissolutionDate",
        _rows(lambda n: [f"0{n}44556", f"Firm {n}", "Active", "13/02/1999", "14/03/2001" if n % 5 == 0 else ""]),
    ),
    "air_quality": (
        "Station;Date;NO2;PM10;PM2.5;O3",
        _rows(lambda n: ["Centre", f"2024-03-{n % 28 + 1:02}", f"{n % 90}.5", f"{n % 60}", f"{n % 30}", f"{n % 120}"]),
    ),
    "transport_stops": (
        "stop_id;stop_name;stop_lat;stop_lon",
        _rows(lambda n: [f"S{n}", f"Main Street {n}", f"{47 + n / 1000:.4f}", f"{8 + n / 1000:.4f}"]),
    ),
    "addresses": (
        "UPRN;Strasse;Hausnummer;PLZ;Ort;lat;lon",
        _rows(lambda n: [f"{n}", "Hauptstrasse", f"{n}a", "8001", "Zürich", f"{47 + n / 1000:.4f}", "8.5417"]),
    ),
    "population": (
        "Gemeinde;Jahr;Wohnbevölkerung;Männer;Frauen",
        _rows(lambda n: [f"Dorf {n}", "2023", f"{2 * n + 10}", f"{n + 4}", f"{n + 6}"]),
    ),
    "crime": (
        "Crime ID;Month;Crime type;LSOA name;Latitude;Longitude;Count",
        _rows(lambda n: [f"c{n}", "2024-03", ["Theft", "Drugs"][n % 2], "Bath 001", "51.38", "-2.36", "1"]),
    ),
}

SPOILED = [
    ("spending", "Supplier", ["Firm"] * 240, {"spending_one_supplier"}),
    ("spending", "Supplier", ["", "Firm", "Other"] * 80, {"spending_supplier_blank"}),
    ("spending", "Amount", ["", "5", "6"] * 80, {"spending_amount_blank"}),
    ("spending", "Amount", ["about five", "5", "6"] * 80, {"spending_amount_no_number"}),
    ("spending", "Amount", ["-5"] * 240, {"spending_amount_all_zero"}),
    ("spending", "Date of payment", ["2026-01-01"] * 240, {"spending_date_in_future"}),
    ("budget", "Budget", ["", "", "5", "", "", "6"] * 40, {"budget_planned_blank"}),
    ("budget", "Budget", ["five", "5", "6"] * 80, {"budget_planned_no_number"}),
    ("budget", "Budget", ["0.0"] * 240, {"budget_all_zero"}),
    ("budget", "Jahr", ["24"] * 240, {"budget_year_odd"}),
    ("contracts", "Supplier", ["", "", "x"] * 80, {"contracts_supplier_blank"}),
    ("contracts", "Contract value", ["", "", "1.5"] * 80, {"contracts_value_blank"}),
    ("contracts", "Contract value", ["-1.5"] * 240, {"contracts_value_negative"}),
    ("contracts", "End date", ["2023-12-31"] * 240, {"contracts_end_before_start"}),
    ("contracts", "CPV", ["4.5E+7"] * 240, {"contracts_cpv_odd"}),
    ("ocds", "ocid", ["", "ocds-213czf-1"] * 120, {"ocds_ocid_blank"}),
    ("ocds", "ocid", ["17"] * 240, {"ocds_ocid_odd"}),
    ("ocds", "tender/value/amount", ["-1"] * 240, {"ocds_tender_value_negative"}),
    ("ocds", "awards/0/value/amount", ["-1"] * 240, {"ocds_award_value_negative"}),
    ("ocds", "tender/value/currency", ["€"] * 240, {"ocds_currency_odd"}),
    ("ocds", "tender/procurementMethod", ["Offenes Verfahren"] * 240, {"ocds_method_odd"}),
    ("elections", "Stimmen", ["", "5"] * 120, {"elections_votes_blank"}),
    ("elections", "Stimmen", ["-5"] * 240, {"elections_votes_negative"}),
    ("elections", "Wahlberechtigte", ["500"] * 240, {"elections_more_ballots_than_voters"}),
    ("elections", "Ungültige Stimmen", ["5000"] * 240, {"elections_more_invalid_than_ballots"}),
    ("elections", "Wahlbeteiligung", ["105,5"] * 240, {"elections_turnout_odd"}),
    ("companies", "CompanyNumber", ["", "123"] * 120, {"companies_number_blank"}),
    ("companies", "CompanyNumber", ["1.2E+08"] * 240, {"companies_number_shortened"}),
    ("companies", "CompanyName", ["", "", "x"] * 80, {"companies_name_blank"}),
    (
        "companies",
        "IncorporationDate",
        ["13/02/2031"] * 240,
        {"companies_registered_in_future", "companies_dissolved_before_registered"},
    ),
    ("companies", "DissolutionDate", ["14/03/1990"] * 240, {"companies_dissolved_before_registered"}),
    ("air_quality", "Date", ["", "2024-03-01"] * 120, {"air_time_blank"}),
    ("air_quality", "NO2", ["-999", "5"] * 120, {"air_no2_impossible"}),
    ("air_quality", "PM10", ["99999", "5"] * 120, {"air_pm10_impossible"}),
    ("air_quality", "PM2.5", ["-9999", "5"] * 120, {"air_pm25_impossible"}),
    ("air_quality", "O3", ["-999", "5"] * 120, {"air_o3_impossible"}),
    ("transport_stops", "stop_id", ["", "S1"] * 120, {"stops_id_blank"}),
    ("transport_stops", "stop_name", ["", "S1"] * 120, {"stops_name_blank"}),
    ("transport_stops", "stop_lat", ["147.12", "47.1"] * 120, {"stops_latitude_impossible"}),
    ("transport_stops", "stop_lon", ["208.54", "8.5"] * 120, {"stops_longitude_impossible"}),
    ("transport_stops", "stop_lat", ["0", "47.1"] * 120, {"stops_at_zero"}),
    ("transport_stops", "stop_lat", ["47.1"] * 240, {"stops_same_place"}),
    ("addresses", "Strasse", ["", "", "x"] * 80, {"addresses_street_blank"}),
    ("addresses", "Hausnummer", ["Villa Rosa"] * 240, {"addresses_number_no_number"}),
    ("addresses", "Hausnummer", ["05-Mar", "7"] * 120, {"addresses_number_date"}),
    ("addresses", "lat", ["2683111.5"] * 240, {"addresses_latitude_impossible"}),
    ("addresses", "lon", ["1247922.5"] * 240, {"addresses_longitude_impossible"}),
    ("addresses", "UPRN", ["7"] * 240, {"addresses_id_twice"}),
    ("population", "Wohnbevölkerung", ["", "", "900"] * 80, {"population_blank"}),
    ("population", "Männer", ["-1"] * 240, {"population_men_negative"}),
    ("population", "Frauen", ["-1"] * 240, {"population_women_negative"}),
    ("population", "Männer", ["9999"] * 240, {"population_part_above_whole"}),
    ("population", "Wohnbevölkerung", ["-1"] * 240, {"population_negative", "population_part_above_whole"}),
    ("crime", "Crime type", ["", "", "x"] * 80, {"crime_offence_blank"}),
    ("crime", "Month", ["2027-03"] * 240, {"crime_date_in_future"}),
    ("crime", "Count", ["-1"] * 240, {"crime_count_negative"}),
    ("crime", "Latitude", ["0.0"] * 240, {"crime_at_zero"}),
]
