"""Budgets are known by their header in many languages, and tables with half the words of one are left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.model import TableContext
from quality.tables.expect.table_kinds import needed_columns, table_kind_of
from quality.tables.inspect import inspect
from quality.tables.read.column_names import fold
from specs.expectations import kinds, suite

SHARED = Path(__file__).parents[4] / "shared" / "tables"


def header(text: str) -> list[str]:
    return [name.strip() for name in text.split(";")]


TRUE = [
    ("spending", "Department Family;Entity;Payment Date;Expense Type;Supplier Name;Transaction No;Amount (£)"),
    ("spending", "collectivité;date de paiement;fournisseur;montant TTC;nature"),
    ("spending", "Amt;Buchungsdatum;Kreditor;Betrag in CHF;Sachkonto"),
    ("spending", "organismo;fecha de pago;proveedor;concepto;importe"),
    ("spending", "Ente;Data pagamento;Fornitore;Importo (EUR)"),
    ("spending", "Órgão;Data do pagamento;Credor;Valor pago;Natureza da despesa"),
    ("spending", "gemeente;factuurdatum;leverancier;bedrag;kostensoort"),
    ("spending", "Asutus;Kuupäev;Tarnija nimi;Summa;Kululiik"),
    ("spending", "Fiscal Year;Department;Supplier & Other Non-Supplier Payees;Voucher;Vouchers Paid"),
    ("spending", "Payee;Payment Amount;Invoice Number;Body Name"),
    ("elections", "Ward Precinct;Registered Voters;Ballots Cast;Turnout Percentage"),
    ("crime", "File Number;Date of Report;Crime Date Time;Crime;Neighborhood"),
    ("spending", "Line Number;Posting Date;MCH.Merchant Name;FIN.Transaction Amount;Description"),
    ("budget", "Fiscal Year;Department;Account;Account Description;Approved Budget;Revised Budget"),
    ("budget", "Exercice;Chapitre;Nature;Fonction;Budget voté;Réalisé"),
    ("budget", "Jahr;Institution;Funktion;Konto;Kontobezeichnung;Budget"),
    ("budget", "Haushaltsjahr;Einzelplan;Kapitel;Titel;Zweckbestimmung;Einnahme/Ausgabe;Ansatz"),
    ("budget", "ejercicio;capítulo;denominación;crédito inicial"),
    ("budget", "Esercizio;Missione;Programma;Capitolo;Previsione iniziale"),
    ("budget", "exercício;função;programa;dotação inicial"),
    ("budget", "jaar;taakveld;omschrijving;begroot bedrag"),
    ("budget", "aasta;asutus;tegevusala;konto kood;eelarve"),
    ("contracts", "Contract Reference;Contract Title;Supplier Name;Contract Value;Start Date;End Date;Procedure Type"),
    ("contracts", "id marché;acheteur;objet du marché;titulaires;montant;dateNotification;codeCPV;procédure"),
    ("contracts", "Vergabenummer;Auftragsgegenstand;Auftragnehmer;Auftragswert;Verfahrensart"),
    ("contracts", "expediente;objeto del contrato;adjudicatario;importe adjudicación;procedimiento"),
    ("contracts", "CIG;oggetto;aggiudicatario;importo aggiudicazione;scelta contraente;stazione appaltante"),
    ("contracts", "objectoContrato;adjudicatários;precoContratual;dataCelebracaoContrato;tipoprocedimento;cpv"),
    ("contracts", "viitenumber;hankija;hanke nimetus;edukas pakkuja;lepingu maksumus;menetluse liik"),
    ("ocds", "ocid;id;date;tag;initiationType;tender/title;tender/value/amount;buyer/name"),
    ("ocds", "releases/0/ocid;releases/0/id;releases/0/tender/title;releases/0/awards/0/suppliers/0/name"),
    ("elections", "Year;Ward;Candidate;Party;Votes;Result"),
    ("elections", "Libellé de la commune;Inscrits;Votants;Exprimés;Nuls;Nuance;Voix"),
    ("elections", "Wahlkreis;Wahlberechtigte;Wähler;Gültige Stimmen;Partei;Stimmen"),
    ("elections", "municipio;censo electoral;votantes;votos nulos;candidatura;votos"),
    ("elections", "comune;elettori;votanti;schede nulle;lista;voti"),
    ("elections", "valimisringkond;kandidaat;erakond;häälte arv"),
    ("companies", "CompanyName;CompanyNumber;RegAddress.AddressLine1;CompanyCategory;CompanyStatus;IncorporationDate"),
    ("companies", "siren;denominationUniteLegale;categorieJuridiqueUniteLegale;activitePrincipaleUniteLegale"),
    ("companies", "nimi;ariregistri_kood;ettevotja_oiguslik_vorm;ettevotja_staatus;ettevotja_esmakande_kpv"),
    ("companies", "Firmenname;UID;Rechtsform;Sitz"),
    ("air_quality", "station;datetime;NO2 (µg/m³);PM10 (µg/m³);O3"),
    ("air_quality", "Messstelle;Zeitpunkt;Schadstoff;Messwert;Einheit"),
    ("air_quality", "code site;Polluant;valeur;unité de mesure;Date de début"),
    ("air_quality", "Date;Station;PM2.5;PM10;SO2"),
    ("transport_stops", "stop_id,stop_code,stop_name,stop_lat,stop_lon,location_type,parent_station".replace(",", ";")),
    ("transport_stops", "ATCOCode;CommonName;Longitude;Latitude;Easting;Northing;StopType"),
    ("transport_stops", "BPUIC;Haltestelle;E LV95;N LV95"),
    ("transport_stops", "peatuse kood;peatuse nimi;laiuskraad;pikkuskraad"),
    ("addresses", "LON;LAT;NUMBER;STREET;UNIT;CITY;DISTRICT;REGION;POSTCODE"),
    ("addresses", "cle_interop;numero;suffixe;voie_nom;commune_nom;x;y"),
    ("addresses", "Strasse;Hausnummer;Zusatz;PLZ;Ort"),
    ("addresses", "straatnaam;huisnummer;huisletter;postcode;woonplaats"),
    ("population", "Area;Year;Sex;Age;Population"),
    ("population", "codgeo;libgeo;année;population municipale"),
    ("population", "StichtagDatJahr;Quartier;Geschlecht;Alter;Anzahl"),
    ("population", "municipio;año;población total;hombres;mujeres"),
    ("population", "omavalitsus;aasta;sugu;vanuserühm;rahvaarv"),
    ("crime", "Crime ID;Month;Reported by;Longitude;Latitude;LSOA code;Crime type;Last outcome category"),
    ("crime", "ID;Case Number;Date;Block;IUCR;Primary Type;Arrest;District"),
    ("crime", "CODGEO;annee;classe;faits"),
    ("crime", "Ausgangsjahr;Straftatbestand;Gemeindename;Straftaten total"),
]

FALSE = [
    "id;name;value",
    "date;amount;description",
    "name;amount;year",
    "Name;Address;Postcode;City;Phone;Opening hours",
    "School;Street;House number;Postcode;Town;Headteacher",
    "trip_id;arrival_time;departure_time;stop_id;stop_sequence",
    "route_id;service_id;trip_id;trip_headsign",
    "stop_id;stop_name;date;boardings;alightings",
    "Date;Station;Temperature;Humidity;Wind speed",
    "Date;Location;Parameter;Value;Unit",
    "Date;Agegroup;At least one dose;Fully vaccinated;Total population",
    "Country;Year;Sex;Age;Unemployed;Value",
    "Country;Year;GDP;Population",
    "Candidate;Party;Constituency;Address",
    "Post Unique Reference;Name;Grade;Job Title;Organisation;Unit;Reports to Senior Post;Actual Pay Floor",
    "Minister;Date;Name of organisation;Purpose of meeting",
    "Supplier;Framework;Lot;Contact e-mail;Website",
    "Account;Name;Email;Status",
    "Apteegi nimetus;Aadress;Maakond;Tegevusloa omaja",
    "Number;Name;Status",
    "Grant holder;Programme;Year;Amount",
    "Jahr;Monat;Gemeinde;Arbeitslose",
    "commune;année;naissances;décès",
    "Question;Yes;No;Don't know",
    "CO;State;County;Date",
    "Common Name;Genus;Latitude;Longitude;Easting;Northing",
    "common_name;owned_leased;latitude;longitude;geom",
    "Payee Name;Amount;Date;Lobbyist",
    "Payee;PaymentAmount;PaymentDate;Donor",
    "Payee;Payment Amount;Payment Date",
    "Year;Sex;Age Group;Population;Crude Prevalence (per 100)",
    "COUNTY;YEAR;POPULATION;MARRIAGES;RATE",
    "species;latitude;longitude;date",
    "",
    ";;;",
]


@pytest.mark.parametrize(("kind", "names"), TRUE)
def test_known_by_their_header(kind: str, names: str) -> None:
    match = table_kind_of(header(names))
    assert match is not None and match.kind == kind
    assert len(set(match.roles.values())) == len(match.roles)
    assert set(match.roles.values()) <= set(header(names))
    assert 0 < match.score <= 1


@pytest.mark.parametrize("names", FALSE)
def test_nothing_is_claimed_on_thin_evidence(names: str) -> None:
    assert table_kind_of(header(names)) is None


def test_every_kind_is_proved_above() -> None:
    assert {kind for kind, _ in TRUE} == set(kinds())


def test_a_title_helps_a_little_and_never_alone() -> None:
    names = ["CODGEO", "infraction", "date"]
    assert table_kind_of(["infraction", "date"]) is None
    assert table_kind_of(["infraction", "date"], "Crimes et délits 2023") is not None
    assert table_kind_of(names, None) is not None
    assert table_kind_of(["a", "b", "c"], "Budget 2024 spending elections") is None


def test_names_are_folded() -> None:
    assert fold("Année d'exercice") == fold("ANNEE_D EXERCICE") == "anneedexercice"
    match = table_kind_of(["FOURNISSEUR ", "Montant payé (€)", "date_paiement", "Date"])
    assert match is not None and match.roles["amount"] == "Montant payé (€)"
    assert match.roles["date"] == "date_paiement"


def test_missing_needed_columns_are_expectations_that_fail() -> None:
    match = table_kind_of(header("Supplier;Expense Type;Transaction Number"))
    assert match is not None
    missing = [one for one in needed_columns(match) if one.kwargs["column"] not in match.roles.values()]
    assert [one.kwargs["column"] for one in missing] == ["amount", "date or period"]
    assert all(one.rule == "missing_column" and "spending" in one.message for one in missing)


def test_wide_headers_are_bounded() -> None:
    assert table_kind_of([f"column {number}" for number in range(100_000)]) is None


@pytest.mark.parametrize("kind", kinds())
def test_suites_speak_plainly(kind: str) -> None:
    for one in suite(kind).expectation:
        assert one.rule.startswith(kind.split("_")[0][:4]) or kind == "transport_stops"
        assert one.message.endswith(".") and one.fix.endswith(".")
        assert one.severity == "warning"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the folder of real tables is not on this machine")
@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("BIS_spending_over__25_000_July_2014.csv", "spending"),
        ("FCOServices_TransparencySpend_May2011.csv", "spending"),
        ("HMRC_spending_over_25000_for_September_2018.csv", "spending"),
        ("moj-aramis-data-march-11.csv", "spending"),
        ("epcs-dwp-cmg-spend-july-2017.csv", "spending"),
        ("over25k-transparency.csv", "spending"),
        ("Bath_And_North_East_Somerset_Council_Election_Results_2003-2019.csv", "elections"),
        ("apteegid150220.csv", None),
        ("senior-staff-march-2020.csv", None),
        ("scottish_law_commission-2011-03-31-organogram-junior.csv", None),
        ("BANES_Public_Toilets.csv", None),
        ("Bath__North_East_Somerset_Food_Hygiene_Ratings.csv", None),
        ("BANES_Live_Car_Park_Occupancy.csv", None),
        ("airports.csv", None),
        ("weather.csv", None),
        ("vaccines_by_age.csv", None),
        ("vital_events_data_by_month_1994-2021_q2.csv", None),
        ("planning-application-aug-17.csv", None),
        ("determination.csv", None),
        ("ks_1033_data.csv", None),
        ("country-codes.csv", None),
        ("kanton_zh.csv", None),
        ("BANES_Members_Allowance_Payments_2008-.csv", None),
    ],
)
def test_real_files(file: str, kind: str | None) -> None:
    report = inspect(TableContext(path=SHARED / file, declared_format="CSV", max_rows=50))
    match = table_kind_of(report.columns, file)
    assert (match and match.kind) == kind
