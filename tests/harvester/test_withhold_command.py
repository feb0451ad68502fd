"""``winnow withhold`` on the command line."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from catalog.db.store import open_catalog
from harvester.cli.main import cli


def test_a_dataset_is_withheld_listed_and_published_again(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db") as catalog, catalog.writing():
        catalog.upsert("portals", [{"id": "p"}])
        about = {"portal_id": "p", "status": "present", "cluster_id": "k"}
        catalog.upsert("datasets", [about | {"id": one, "identifier": one} for one in ("p-1", "p-2")])
        catalog.upsert("distributions", [{"id": "p-1-f", "dataset_id": "p-1", "portal_id": "p"}])

    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli, ["--data", str(tmp_path), "withhold", *words])
        return done.exit_code, done.output

    code, said = run("p-1-f", "--reason", "A court\x1b[2J forbade it", "--by", "Ann")
    assert code == 0 and said.startswith("p-1: withheld.") and "p-2: holds the same" in said
    assert run("p-1", "--reason", "again")[1].startswith("p-1: is withheld already\n")
    code, said = run("--list")
    assert code == 0 and "Ann: A court" in said and "\x1b" not in said
    assert run("p-1", "--lift", "--by", "Bo")[1].startswith("p-1: lifted.") and "(Bo)" in run("--list")[1]
    assert run("p-1", "--lift")[1] == "p-1: is not withheld\n"
    for wrong in (["p-1"], ["p-1", "--reason", " "], ["nothing", "--reason", "x"], []):
        assert run(*wrong)[0] == 2, wrong
