"""A night that sees a table change, through the command line: schema, drift, kind, lines and rates in findings.csv."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from portal_server import PortalServer, Response, as_json

from catalog.db.store import open_catalog
from tests import warm

SCHEMA = {
    "fields": [
        {"name": "id", "type": "integer", "constraints": {"required": True}},
        {"name": "town", "type": "string"},
        {"name": "visitors", "type": "integer"},
        {"name": "day", "type": "date"},
    ],
    "primaryKey": "id",
}


def rows(count: int, *, drop: str = "", bad: str = "") -> str:
    header = ["id", "town", "visitors", "day"]
    lines = [[str(n), f"Town {n}", str(n * 7), f"2024-01-{n % 28 + 1:02}"] for n in range(count)]
    if bad:
        lines[5][2] = bad
        lines[7][0] = "6"
    kept = [place for place, name in enumerate(header) if name != drop]
    return "".join(",".join(line[place] for place in kept) + "\n" for line in [header, *lines])


PACKAGE = {
    "resources": [
        {
            "name": "towns",
            "path": "towns.csv",
            "schema": {"fields": [{"name": "id", "type": "integer"}, {"name": "town", "type": "string"}]},
        },
        {
            "name": "visits",
            "path": "data/visits.csv",
            "schema": {
                "fields": [{"name": "town_id", "type": "integer"}, {"name": "visitors", "type": "integer"}],
                "foreignKeys": [{"fields": "town_id", "reference": {"resource": "towns", "fields": "id"}}],
            },
        },
    ],
    "licenses": [{"name": "CC0-1.0"}],
}


@pytest.mark.slow
def test_keys_between_the_files_of_a_package(tmp_path: Path) -> None:
    server = PortalServer()
    files = [
        {"downloadURL": f"{server.url}/{name}", "format": "CSV", "describedBy": f"{server.url}/datapackage.json"}
        for name in ("towns.csv", "visits.csv")
    ]
    licence = "https://creativecommons.org/licenses/by/4.0/"
    dataset = {"identifier": "v", "title": "Visits", "license": licence, "distribution": files}
    towns = "id,town\n" + "".join(f"{n},Town {n}\n" for n in range(30))
    visits = "town_id,visitors\n" + "".join(f"{n},{n * 7}\n" for n in [*range(30), 77, 78])
    server.routes = {
        "/data.json": as_json({"dataset": [dataset]}),
        "/towns.csv": Response(200, "text/csv", towns.encode()),
        "/visits.csv": Response(200, "text/csv", visits.encode()),
        "/datapackage.json": as_json(PACKAGE),
    }
    with server:
        (tmp_path / "portal.toml").write_text(
            f'id = "portal"\ntype = "dcat-us"\ntitle = "P"\nurl = "{server.url}/data.json"\nlocal = true\n'
            "[limits]\ndelay_s = 0\n"
        )
        done = warm.run(
            [*warm.NIGHT, "--data", str(tmp_path / "data"), "nightly", "--portals", str(tmp_path)],
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert done.returncode == 0, done.stderr
    with open_catalog(tmp_path / "data/catalog.db") as catalog:
        found = catalog.rows(
            "select field, first_row, error_count from findings where field like 'schema_foreign_key%'"
        )
        assert [(row["first_row"], row["error_count"]) for row in found] == [(32, 2)]
        # The catalogue says CC BY, the package CC0.
        assert catalog.value("select count(*) from findings where rule_id = 'licence_truthful'") == 2


@pytest.mark.slow
def test_a_table_that_changes(tmp_path: Path) -> None:
    server = PortalServer()

    def run_nightly(text: str) -> dict[str, Any]:
        file = {
            "downloadURL": f"{server.url}/visits.csv",
            "format": "CSV",
            "mediaType": "text/csv",
            "describedBy": f"{server.url}/schema.json",
            "title": "Visits",
        }
        dataset = {"identifier": "visits", "title": "Visits of museums", "distribution": [file]}
        server.routes = {
            "/data.json": as_json({"dataset": [dataset]}),
            "/visits.csv": Response(200, "text/csv", text.encode(), {"ETag": f'"{hash(text)}"'}),
            "/schema.json": as_json(SCHEMA),
        }
        done = warm.run(
            [*warm.NIGHT, "--data", str(tmp_path / "data"), "nightly", "--portals", str(tmp_path), "--json"],
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        result: dict[str, Any] = json.loads(done.stdout)
        return result

    def findings() -> dict[str, dict[str, str]]:
        path = next((tmp_path / "data/exports").glob("*/findings.csv"))
        with path.open(encoding="utf-8", newline="") as file:
            return {row["field"] or row["rule_id"]: row for row in csv.DictReader(file) if row["state"] != "fixed"}

    with server:
        (tmp_path / "portal.toml").write_text(
            f'id = "portal"\ntype = "dcat-us"\ntitle = "P"\nurl = "{server.url}/data.json"\nlocal = true\n'
            "[recheck]\nhours = [0]\n[limits]\ndelay_s = 0\n"
        )
        run_nightly(rows(200))
        with open_catalog(tmp_path / "data/catalog.db") as catalog:
            (report,) = catalog.rows("select * from table_reports")
            profile = json.loads(catalog.packed.text(report["profile"]) or "")
            assert (report["status"], report["row_count"], profile["has_schema"]) == ("valid", 200, True)
            assert [column["kind"] for column in profile["columns"]] == ["integer", "text", "integer", "date"]
            (quality,) = catalog.rows("select * from distribution_quality")
            assert quality["table_matches_schema"] == 1.0
        assert not {name for name in findings() if name.startswith(("schema_", "drift_", "type_error"))}

        run_nightly(rows(200, bad="many"))
        found = findings()
        mistyped = found["type_error: visitors"]
        assert (mistyped["first_row"], mistyped["rows"], mistyped["error_count"]) == ("7", "7", "1")
        assert (mistyped["rate_per_1000"], mistyped["severity"]) == ("5", "error")
        assert float(mistyped["gain_points"]) > 0 and "Correct the cells" in mistyped["how_to_fix"]
        assert {name.partition(":")[0] for name in found} >= {"schema_type_error", "schema_primary_key"}
        assert "many" not in json.dumps(found)

        run_nightly(rows(90, drop="town"))
        found = findings()
        assert {"drift_columns_lost", "drift_rows_lost"} <= {name.partition(":")[0] for name in found}
        assert "type_error: visitors" not in found
