"""Commands that explain scores and compare scoring systems."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harvester.cli.options import catalogue_of

if TYPE_CHECKING:
    from catalog.db.store import Catalog
    from catalog.repositories.reading import StoredDataset

__all__ = ["add_to"]


def add_to(group: click.Group) -> None:
    """Add the commands ``explain``, ``compare`` and ``methodology`` to the command line ``group``."""
    for command in (explain, compare, methodology):
        group.add_command(command)


def _systems() -> list[str]:
    from specs.systems import systems

    return ["winnow", *systems()]


def _known_system(system: str) -> str:
    if system not in _systems():
        raise click.UsageError(f"{system!r} is no scoring system; take one of: {', '.join(_systems())}")
    return system


@click.command()
@click.argument("name")
@click.option("--system", default="winnow", show_default=True, help="Scoring system, such as mqa_v1.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--rdf",
    "syntax",
    type=click.Choice(["turtle", "xml", "json-ld", "n-triples", "trig"]),
    help="Print a dataset as an RDF graph instead: DCAT-AP with its score.",
)
@click.pass_obj
def explain(data: Path, name: str, system: str, as_json: bool, syntax: str | None) -> None:
    """Explain a METRIC, or the score of a DATASET (its id): fact, evidence, points, and what would change it."""
    from harvester.terminal.scores import show_explanation, show_metric

    if syntax is None and show_metric(name):
        return
    _known_system(system)
    problem = f"{name!r} is neither a metric of specs/metrics.toml nor a dataset id in {data}"
    if not (data / "catalog.db").is_file():
        raise click.UsageError(problem)
    from catalog.db.store import open_catalog
    from catalog.repositories.conformance import verdicts
    from catalog.repositories.datasets import source_of
    from catalog.repositories.reading import dataset as read_dataset
    from quality.systems.explain import explain as explained
    from quality.systems.stage import run_date, subject_of

    with open_catalog(data / "catalog.db") as catalog:
        stored = read_dataset(catalog, name)
        if stored is None:
            raise click.UsageError(problem)
        if syntax is not None:
            click.echo(_as_rdf(catalog, stored, syntax), nl=False)
            return
        source = source_of(catalog, name)
        subject = subject_of(stored, run_date(catalog, name), verdicts(catalog, [name]).get(name))
    found = explained(subject, system)
    show_explanation(stored.dataset.title, source, found, as_json=as_json)


def _as_rdf(catalog: Catalog, stored: StoredDataset, syntax: str) -> str:
    """Return what the catalogue holds about a dataset as RDF."""
    from catalog.exports.dcat import graph_of_dataset
    from catalog.rdf.syntaxes import serialize

    graph, catalogue = graph_of_dataset(catalog, stored)
    return serialize(graph, syntax, name=catalogue)


@click.command()
@click.argument("name")
@click.option(
    "--systems", "pair", default="winnow,mqa_v1", show_default=True, help="The two systems to compare in detail."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def compare(data: Path, name: str, pair: str, as_json: bool) -> None:
    """Compare the scoring systems on a DATASET or a PORTAL (its id), and show where they disagree."""
    from catalog.db.store import open_catalog
    from catalog.repositories.quality_rows import has_scored_datasets, scored_in_run
    from harvester.terminal.scores import show_comparison_of_dataset, show_comparison_of_portal

    chosen = [_known_system(one.strip()) for one in pair.split(",")]
    if len(set(chosen)) != 2:
        raise click.UsageError(f"--systems {pair}: name two systems, with a comma between them")
    with open_catalog(catalogue_of(data)) as catalog:
        if scored_in_run(catalog, name):
            show_comparison_of_dataset(catalog, name, as_json=as_json)
        elif has_scored_datasets(catalog, name):
            show_comparison_of_portal(catalog, name, (chosen[0], chosen[1]), as_json=as_json)
        else:
            raise click.UsageError(f"{name!r} is neither a portal nor a dataset that was scored in {data}")


@click.command()
def methodology() -> None:
    """Print how everything is measured and weighted, as Markdown."""
    from quality.methodology import document

    click.echo(document(), nl=False)
