"""A dispute is settled by looking again: against a portal of this machine, with what it serves now."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from portal_server import PortalServer, Response, ckan_search

from catalog.db.store import open_catalog
from catalog.repositories.disputes import uphold_disputes
from catalog.repositories.runs import traffic_of
from harvester.cli.main import cli
from harvester.night import disputes
from harvester.night.context import CheckBudget
from harvester.night.stages import nightly
from specs.portals import load_file

TITLES = ("Trees in parks", "Rents by street", "Noise at night", "Air at schools", "Votes cast", "Wages of clerks")


def table(number: int) -> Response:
    """Return a different file for each dataset, because files with the same bytes count as one."""
    lines = b"".join(b"tree %d,%d\r\n" % (n, n * number) for n in range(50))
    return Response(200, "text/csv", b"name,count\r\n" + lines)


@pytest.fixture
def site(tmp_path: Path):  # type: ignore[no-untyped-def]
    packages = [
        {
            "id": f"p{n}",
            "name": f"p{n}",
            "title": TITLES[n],
            "resources": [{"id": f"r{n}", "url": f"http://HOST/{n}.csv", "format": "CSV"}],
        }
        for n in range(6)
    ]
    with PortalServer() as server:
        host = server.url.removeprefix("http://")
        text = json.loads(json.dumps(packages).replace("HOST", host))
        server.routes["/api/3/action/package_search"] = ckan_search(text)
        for n in range(2, 6):
            server.routes[f"/{n}.csv"] = table(n)
        folder = tmp_path / "portals"
        folder.mkdir()
        (folder / "x.toml").write_text(
            f'id = "x"\ntype = "ckan"\ntitle = "X"\nurl = "{server.url}"\ngovernment = "Landia"\nlocal = true\n'
            "[limits]\ndelay_s = 0\n[broken]\nafter_checks = 1\nafter_days = 0\n"
        )
        yield server, folder


def replies(data: Path, said: dict[str, tuple[str, str]]) -> Path:
    """Return the exported findings with replies filled in, by address or by rule."""
    with (data / "exports" / "landia" / "findings.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        for part, (response, note) in said.items():
            is_link = row["rule_id"] == "link_ok" and row["resource_url"].endswith(part)
            if is_link or (row["rule_id"] == part and row["dataset_title"] == TITLES[5]):
                row["response"], row["response_note"] = response, note
    path = data / "back.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_a_dispute_is_looked_at_at_once_and_we_say_where_we_were_wrong(
    site: tuple[PortalServer, Path], tmp_path: Path
) -> None:
    server, folder = site
    data = tmp_path / "data"
    result = nightly(data, [load_file(folder / "x.toml")])
    run_id = result["run"]
    path = replies(
        data,
        {
            "/0.csv": ("disputed", "it answers"),
            "/1.csv": ("disputed", "it answers too"),
            "frequency_present": ("disputed", "it is in the text"),
        },
    )
    server.routes["/0.csv"] = table(7)
    asked = len(server.requests)
    with open_catalog(data / "catalog.db") as catalog:
        traffic = traffic_of(catalog, run_id)
    done = CliRunner().invoke(
        cli, ["--data", str(data), "replies", "import", str(path), "--portals", str(folder)], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output + done.stderr
    assert "3 disputed" in done.output
    again = [path for _, path in server.requests[asked:]]
    # The two addresses, and nothing else.
    assert set(again) <= {"/0.csv", "/1.csv", "/robots.txt"} and {"/0.csv", "/1.csv"} <= set(again)
    with open_catalog(data / "catalog.db") as catalog:
        # What the night has cost stays as it was.
        assert traffic and traffic_of(catalog, run_id) == traffic
        link = "select f.state, r.outcome from findings f join replies r on r.finding_id = f.id"
        states = {
            row["url"]: (row["state"], row["outcome"])
            for row in catalog.rows(link.replace("f.state", "coalesce(f.resource_url, f.rule_id) as url, f.state"))
        }
        assert states == {
            f"{server.url}/0.csv": ("fixed", "corrected"),
            f"{server.url}/1.csv": ("disputed", "upheld"),
            "frequency_present": ("disputed", "not_checkable"),
        }
        (correction,) = catalog.rows("select * from corrections")
        assert correction["rule_id"] == "link_ok" and correction["run_id"] == run_id
        assert correction["score_after"] > correction["score_before"] + 10
        counted = catalog.rows("select entity_level, corrections from score_history where corrections is not null")
        assert {row["entity_level"]: row["corrections"] for row in counted} == {"government": 1, "portal": 1}
        # Of so few datasets no score of the portal is shown; that of the dataset is the corrected one.
        now = catalog.value("select score from dataset_quality where dataset_id = ?", [correction["dataset_id"]])
        assert now == pytest.approx(correction["score_after"], abs=0.001)
        # What only a harvest reads is settled by one: not by that before the dispute, but by the next.
        assert not uphold_disputes(catalog, "x", set())
        catalog.db.conn.execute(
            "update replies set imported_at = '2020-01-01T00:00:00Z' where outcome = 'not_checkable'"
        )
        assert uphold_disputes(catalog, "x", set()) == 1
        assert catalog.value("select count(*) from replies where outcome = 'upheld'") == 2
    # The same file again does nothing.
    asked = len(server.requests)
    done = CliRunner().invoke(cli, ["--data", str(data), "replies", "import", str(path), "--portals", str(folder)])
    assert "3 read before" in done.output and len(server.requests) == asked
    # The scorecards say so, and the page does.
    assert CliRunner().invoke(cli, ["--data", str(data), "export", "--portals", str(folder)]).exit_code == 0
    with (data / "exports" / "landia" / "scorecard.csv").open(newline="") as file:
        assert {row["corrections"] for row in csv.DictReader(file) if row["entity_level"] == "government"} == {"1"}
    assert "1 finding was withdrawn" in (data / "exports" / "landia" / "report.html").read_text()
    assert 'winnow_harvest_complete{portal="x"} 1' in (data / "winnow.prom").read_text()


@pytest.mark.parametrize(
    ("answering", "most", "outcome", "left"),
    [(6, 50, "corrected", 0), (6, 4, "not_checkable", 2), (1, 50, "upheld", 5), (0, 4, "upheld", 6)],
    ids=["all hold", "some are left", "most fail", "those looked at fail"],
)
def test_a_dispute_of_a_cause_looks_at_its_findings_again(
    answering: int, most: int, outcome: str, left: int,
    site: tuple[PortalServer, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    server, folder = site
    data = tmp_path / "data"
    monkeypatch.setattr("catalog.repositories.disputes.OF_CAUSE_MAX", most)
    for n in range(2, 6):
        del server.routes[f"/{n}.csv"]
    nightly(data, [load_file(folder / "x.toml")])
    with open_catalog(data / "catalog.db") as catalog:
        (cause,) = catalog.rows("select id, findings from causes where rule_id = 'link_ok'")
    assert cause["findings"] == 6
    path = data / "causes.csv"
    path.write_text(f"cause_id,response,response_note\n{cause['id']},disputed,they answer\n", "utf-8")
    for n in range(answering):
        server.routes[f"/{n}.csv"] = table(n + 1)
    asked = len(server.requests)
    command = ["--data", str(data), "replies", "import", str(path), "--portals", str(folder)]
    done = CliRunner().invoke(cli, command, catch_exceptions=False)
    assert done.exit_code == 0, done.output + done.stderr
    assert len({path for _, path in server.requests[asked:]} - {"/robots.txt"}) == min(most, 6)
    assert ("of 6 findings 4 are looked at again now, the others in the next nights" in done.output) == (most == 4)
    states = "select state, count(*) as n from findings where rule_id = 'link_ok' group by 1"
    with open_catalog(data / "catalog.db") as catalog:
        assert catalog.value("select outcome from replies") == outcome
        found = {row["state"]: row["n"] for row in catalog.rows(states)}
        assert found == {name: n for name, n in (("disputed", left), ("fixed", 6 - left)) if n}
        assert catalog.value("select count(*) from corrections where rule_id = 'link_ok'") == 6 - left
    # The next night looks at the others, although they are not due so soon.
    asked = len(server.requests)
    nightly(data, [load_file(folder / "x.toml")])
    assert len({path for _, path in server.requests[asked:] if path.endswith(".csv")}) == max(6 - most, 0)
    with open_catalog(data / "catalog.db") as catalog:
        found = {row["state"]: row["n"] for row in catalog.rows(states)}
    assert found == {name: n for name, n in (("disputed", 6 - answering), ("fixed", answering)) if n}


def test_what_was_not_asked_again_is_not_upheld(
    site: tuple[PortalServer, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, folder = site
    data = tmp_path / "data"
    nightly(data, [load_file(folder / "x.toml")])
    path = replies(data, {"/0.csv": ("disputed", "it answers")})
    monkeypatch.setattr(disputes, "_BUDGET", CheckBudget(requests=0))
    asked = len(server.requests)
    done = CliRunner().invoke(cli, ["--data", str(data), "replies", "import", str(path), "--portals", str(folder)])
    assert "cannot be looked at now" in done.output, done.output
    assert "/0.csv" not in [path for _, path in server.requests[asked:]]


def test_bad_lines_are_said_and_stop_nothing(site: tuple[PortalServer, Path], tmp_path: Path) -> None:
    _, folder = site
    data = tmp_path / "data"
    nightly(data, [load_file(folder / "x.toml")])
    path = replies(data, {"/0.csv": ("waived", ""), "/1.csv": ("disputed", "")})
    done = CliRunner().invoke(cli, ["--data", str(data), "replies", "import", str(path), "--no-check"])
    assert done.exit_code == 3
    assert "1 waived" in done.output and "a dispute needs a reason" in done.stderr and ", line " in done.stderr
    with open_catalog(data / "catalog.db") as catalog:
        assert catalog.value("select count(*) from findings where state = 'waived'") == 1


def test_the_command_answers_to_its_old_name_too() -> None:
    assert "  responses" not in CliRunner().invoke(cli, ["--help"]).output
    for name in ("replies", "responses"):
        done = CliRunner().invoke(cli, [name, "import", "--help"])
        assert done.exit_code == 0 and "findings.csv" in done.output
