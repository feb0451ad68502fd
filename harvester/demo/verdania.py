"""The Commonwealth of Verdania: one data.json (DCAT-US 1.1) with a byte-order mark and the usual deviations."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

from harvester.demo import tables
from harvester.demo.files import CSV, XLSX, csv_bytes, geojson, xlsx, zipped
from harvester.demo.hostile import DROP_TABLE, FORMULA, MARKUP, NOISE, TRAVERSAL
from harvester.demo.responses import Exhibits, file
from harvester.demo.sites import Json, Site

__all__ = ["VERDANIA", "feed"]

SCHEMA = "https://project-open-data.cio.gov/v1.1/schema"
PUBLIC_DOMAIN = "https://creativecommons.org/publicdomain/zero/1.0/"
AGES = ("0-9", "10-17", "18-29", "30-44", "45-64", "65-79", "80+")


@cache
def _files(night: int) -> Exhibits:
    plan = tables.budget("verdania-plan", ("año", "ministerio", "programa", "aprobado", "ejecutado"), 35)
    paid = tables.spending("verdania-paid", ("fecha", "ministerio", "proveedor", "importe", "referencia"), 800)
    deals = tables.contracts("verdania-deals", ("contrato", "organismo", "empresa", "fecha", "valor", "moneda"), 400)
    stops = tables.places("verdania-stops", ("id", "nome", "zona", "lon", "lat"), 280, "Paragem")
    air = tables.measurements("verdania-air", ("estación", "fecha", "o3", "so2"), 1000)
    people = tables.counts("verdania-people", ("distrito", "ano", "idade", "pessoas"), AGES, range(1981, 2022, 10))
    votes = tables.elections("verdania-votes", ("mesa", "distrito", "lista", "votos"), ("Azul", "Verde", "Rosa"))
    crime = tables.counts("verdania-crime", ("district", "year", "offence", "cases"), ("theft", "fraud", "assault"))
    reefs = tables.measurements("verdania-reefs", ("site", "surveyed_on", "cover_pct", "depth_m"), 500)
    csv = partial(file, content_type=CSV)
    exhibits: Exhibits = {
        "presupuesto-2025.csv": lambda: csv(csv_bytes(plan)),
        "gasto-2025.csv": lambda: csv(csv_bytes(paid)),
        "contratos.xlsx": lambda: file(xlsx(deals, "Contratos"), XLSX),
        "contratos.zip": lambda: file(zipped({"contratos.csv": csv_bytes(deals)}), "application/zip"),
        "paragens.geojson": lambda: file(geojson(stops), "application/geo+json"),
        "aire.csv": lambda: csv(csv_bytes(air)),
        "censo.csv": lambda: csv(csv_bytes(people)),
        "crime.csv": lambda: csv(csv_bytes(crime)),
    }
    if night >= 4:
        # The contracts are no longer there.
        del exhibits["contratos.xlsx"], exhibits["contratos.zip"]
    if night >= 2:
        exhibits |= {
            "eleicoes-2023.csv": lambda: csv(csv_bytes(votes)),
            "reefs.csv": lambda: csv(csv_bytes(reefs)),
        }
    return exhibits


def _records(root: str, night: int) -> list[Json]:
    def put(id: str | None, title: str, description: str, *files: tuple[str, str], **more: Any) -> Json:
        """Return a record whose ``files`` are (name, media type); None in ``more`` removes a key."""
        record: Json = {
            "@type": "dcat:Dataset",
            "identifier": id,
            "accessLevel": "public",
            "title": title,
            "description": description,
            "keyword": ["verdania"],
            "modified": "2026-02-20",
            "publisher": {"@type": "org:Organization", "name": "Oficina de Datos de Verdania"},
            "contactPoint": {
                "@type": "vcard:Contact",
                "fn": "Mesa de datos",
                "hasEmail": "mailto:datos@verdania.example.org",
            },
            "license": PUBLIC_DOMAIN,
            "distribution": [
                {
                    "@type": "dcat:Distribution",
                    "title": name,
                    "downloadURL": f"{root}/verdania/files/{name}",
                    "mediaType": media_type,
                }
                for name, media_type in files
            ],
        } | more
        return {key: value for key, value in record.items() if value is not None}

    csv = "text/csv"
    object_not_list = {
        "@type": "dcat:Distribution",
        "downloadURL": f"{root}/verdania/files/gasto-2025.csv",
        "mediaType": csv,
        "format": "CSV",
    }
    size_for_address = [{"accessURL": "20 KB", "format": "CSV"}]
    page = f"{root}/verdania/pages"
    records = [
        put("VER-PRE-2025", "Presupuesto general 2025", "Presupuesto aprobado y ejecutado, por ministerio y programa.",
            ("presupuesto-2025.csv", csv), keyword=["presupuesto", "hacienda pública"], accrualPeriodicity="R/P1Y",
            theme=["Finance"], spatial="Verdania", temporal="2025-01-01/2025-12-31", issued="2025-12-28",
            language=["es"], landingPage=f"{page}/presupuesto", describedBy=f"{page}/presupuesto-columnas"),
        put("VER-GAS-2025", "Gasto público mensual", "Pagos por proveedor.", distribution=object_not_list,
            accrualPeriodicity="R/P1M", modified="R/P1M"),
        put("VER-AIR", "Calidad del aire", "Ozono y dióxido de azufre.", distribution=None,
            accessURL=f"{root}/verdania/files/aire.csv", format=csv, accrualPeriodicity="R/P1D"),
        put("VER-CEN", "Censo da população", "População por distrito, ano e grupo etário.", ("censo.csv", csv),
            keyword="população, censo, demografia", accrualPeriodicity="R/P10Y", modified="2021", language=["pt"]),
        put("VER-CON", "Contratación pública", "Contratos adjudicados.",
            ("contratos.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
            ("contratos.zip", "application/zip"), keyword=["contratos", "compras públicas"], license="",
            modified="2026-02-20" if night < 4 else "2026-03-05"),
        put("VER-TRA-1", "Paragens de autocarro", "Rede de transportes.",
            ("paragens.geojson", "application/vnd.geo+json"), accessLevel="Public", rights="see website"),
        put("VER-ELE", "Resultados das eleições legislativas de 2023", "Votos por mesa, distrito e lista.",
            ("eleicoes-2023.csv", csv), keyword=["eleições"], language=["pt-PT"]),
        put("VER-POL", "Crime statistics", "Cases by district and offence.", ("crime.csv", csv), keyword=["crime"]),
        put("VER-POL", "Crime statistics (archive copy)", "An older record with the same identifier.",
            ("crime.csv", csv), modified="1900-01-01", license=None),
        put(None, "Puertos y faros", "Registro sin identificador.", keyword=[""], license="http://",
            landingPage=f"{page}/puertos"),
        put("VER-OLD", "Hospital waiting times", "Files live on the old server.", distribution=size_for_address,
            modified=None, contactPoint={"fn": "", "hasEmail": "mailto:"}),
        put(TRAVERSAL, DROP_TABLE, NOISE, keyword=[FORMULA, MARKUP], publisher={"name": MARKUP},
            distribution=[{"title": FORMULA, "downloadURL": "javascript:alert(1)", "mediaType": csv}]),
        put("VER-\x00\u202e\n1", FORMULA, MARKUP, distribution=[{"accessURL": "file:///etc/passwd"}],
            contactPoint={"fn": FORMULA, "hasEmail": "mailto:a@example.org?bcc=b@example.org\r\nX: y"}),
    ]  # fmt: skip
    if night == 1:
        return [*records, put("VER-FAX", "Fax numbers of public offices", "Withdrawn soon.", license=None)]
    reefs = put("VER-REEF", "Coral reef surveys", "Cover and depth by site and day.", ("reefs.csv", csv),
                keyword=["reef", "sea"], modified="2026-03-02", accrualPeriodicity="R/P3M")  # fmt: skip
    return [*records, reefs]


def feed(records: list[Json]) -> Json:
    """Return the DCAT-US 1.1 catalogue document (data.json) whose datasets are ``records``."""
    return {
        "@context": f"{SCHEMA}/catalog.jsonld",
        "@id": "https://example.org/verdania/data.json",
        "@type": "dcat:Catalog",
        "conformsTo": SCHEMA,
        "describedBy": f"{SCHEMA}/catalog.json",
        "dataset": records,
    }


VERDANIA = Site(
    id="verdania",
    type="dcat-us",
    title="Datos abiertos de Verdania",
    path="/verdania/data.json",
    government="Commonwealth of Verdania",
    country="XVE",
    contact_email="datos@verdania.example.org",
    records=_records,
    files=_files,
)
