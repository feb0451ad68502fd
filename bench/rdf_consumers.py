"""Compare the exported RDF with the records as received, and sort out what the shapes of DCAT-AP find in it.

    python bench/rdf_consumers.py DATA [SHAPES PROFILE [PER_PORTAL]]

``DATA`` is a data folder whose catalogue was harvested, for example by ``bench/facts_harvest.py``. Its RDF is written
into a temporary folder and read back with pyoxigraph. What a record states is read here from the record itself, not
from the catalogue, for the types whose form is simple: CKAN, DCAT-US 1.1 and udata. Counted are datasets and files,
identifiers, titles in each language, licences, formats and dates; and every text of a dataset or file in the RDF must
stand in its record.

``SHAPES``: a file of SHACL shapes, validated with pyshacl for at most ``PER_PORTAL`` (20) datasets of each portal of
all types. A result is the record's if the record does not state the fact, or states it in a form that cannot be typed;
"none" if the EU has no term that could be stated; anything else is ours, also what no rule here explains. Shapes with
"hvd" in their name are applied to high-value datasets only.
"""

from __future__ import annotations

import json
import re
import sqlite3
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from facts_finder import find, leaves, words

from catalog.db.store import Catalog, open_catalog
from catalog.exports.job import ExportJob
from catalog.exports.options import ExportOptions
from catalog.exports.rdf_files import RdfFiles
from catalog.rdf.names import ResourceNames
from catalog.rdf.ntriples import n_triples
from catalog.rdf.published import PROFILES, Publication, describe_whole, graph_of, names_of, published_portals
from catalog.rdf.published.lines import PairedLines, turtle_head
from catalog.rdf.published.values import address, known, moment
from catalog.rdf.terms import IRI
from catalog.repositories.persons import has_addresses

SITE = "https://data.example.org"
DCT, DCAT = "http://purl.org/dc/terms/", "http://www.w3.org/ns/dcat#"
LABELS = (f"{DCT}title", "http://www.w3.org/2000/01/rdf-schema#label")
NO_LICENCE = {"", "notspecified", "none", "not specified", "license not specified"}
Triples = dict[str, dict[str, list[tuple[str, str]]]]


def texts(value: Any, depth: int = 0) -> Iterator[str]:
    """Yield all texts of a record, also those in JSON inside texts."""
    if isinstance(value, str):
        yield value
        if value[:1] in ("{", "[") and depth < 3:
            with suppress(ValueError):
                yield from texts(json.loads(value), depth + 1)
    elif isinstance(value, dict):
        for one in value.values():
            yield from texts(one, depth)
        yield from (key for key in value if isinstance(key, str))
    elif isinstance(value, list):
        for one in value:
            yield from texts(one, depth)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def by_language(value: Any) -> dict[str, str]:
    """Return a text of a CKAN record by language; "" for one without."""
    if isinstance(value, str) and value.startswith("{"):
        try:
            value = json.loads(value)
        except ValueError:
            return {"": value}
    if isinstance(value, dict):
        return {code: said for code, said in value.items() if isinstance(said, str) and said.strip()}
    return {"": value} if isinstance(value, str) and value.strip() else {}


def is_size(file: dict[str, Any]) -> bool:
    """Return whether an entry of DCAT-US 1.0 is no file but says how large one is ("csvSize"), in whatever words."""
    labels = (str(one.get("label")) for one in file.get("formats") or () if isinstance(one, dict))
    return not urlsplit(str(file.get("accessURL") or "")).scheme and any(one.endswith("Size") for one in labels)


def stated(kind: str, raw: dict[str, Any]) -> dict[str, Any]:
    """Return what a record states: identifier, titles, licence, dates, and for each file its identifier, addresses,
    format, licence and dates."""
    if kind == "ckan":
        titles = (
            by_language(raw.get("title_translated")) or by_language(raw.get("title")) or by_language(raw.get("name"))
        )
        files = [
            {"id": one.get("id"), "format": by_language(one.get("format")).get(""), "url": one.get("url"),
             "dates": [], "licence": [one.get("license_url"), one.get("license")]}
            for one in raw.get("resources") or ()
        ]  # fmt: skip
        licence = [raw.get("license_url"), raw.get("license_id"), raw.get("license_title")]
        return {"id": raw.get("id"), "titles": titles, "licence": licence, "dates": [], "files": files}
    if kind == "udata":
        files = [
            {"id": one.get("id"), "format": one.get("format"), "url": one.get("url"), "licence": [], "dates": []}
            for one in raw.get("resources") or ()
        ]
        return {"id": raw.get("id"), "titles": by_language(raw.get("title")), "licence": [raw.get("license")],
                "dates": [], "files": files}  # fmt: skip
    files = [
        {"id": None, "format": one.get("format") or one.get("mediaType"),
         "url": one.get("downloadURL") or one.get("accessURL"), "licence": [one.get("license")], "dates": []}
        for one in raw.get("distribution") or () if isinstance(one, dict) and not is_size(one)
    ]  # fmt: skip
    dates = [raw.get("issued"), raw.get("modified")]
    return {"id": raw.get("identifier"), "titles": by_language(raw.get("title")), "licence": [raw.get("license")],
            "dates": [one for one in dates if isinstance(one, str)], "files": files}  # fmt: skip


def read(path: Path) -> Triples:
    """Read N-Quads: by subject and predicate the objects, each with language or datatype."""
    import gzip

    from pyoxigraph import Literal, RdfFormat, parse

    found: Triples = defaultdict(lambda: defaultdict(list))
    with gzip.open(path) as file:
        for quad in parse(file, format=RdfFormat.N_QUADS):
            o = quad.object
            kind = (o.language or o.datatype.value) if isinstance(o, Literal) else IRI
            found[str(quad.subject).strip("<>")][quad.predicate.value].append((str(getattr(o, "value", o)), kind))
    return found


def labels(graph: Triples, nodes: Iterable[tuple[str, str]]) -> set[str]:
    """Return the texts of nodes: their IRIs, titles and labels."""
    found = set()
    for value, kind in nodes:
        found.add(value)
        if kind == IRI:
            node = value if value in graph else f"_:{value}"
            found |= {text for name in LABELS for text, _ in graph.get(node, {}).get(name, ())}
    return found


def compare(catalog: Catalog, folder: Path) -> Counter[str]:
    """Return how many of the stated facts are in the files, by fact, and print what is not."""
    names = names_of(catalog.db.conn, SITE)
    count: Counter[str] = Counter()
    shown: Counter[str] = Counter()
    graphs: dict[str, Triples] = {}

    def tell(fact: str, is_there: bool, what: object) -> None:
        count[f"{fact}: stated"] += 1
        count[f"{fact}: there"] += is_there
        if not is_there and shown[fact] < 6:
            shown[fact] += 1
            print(f"  {fact}: {str(what)[:230]}")

    rows = catalog.db.conn.execute(
        """select d.id, d.portal_id, p.type, r.raw, d.licence, d.licence_title from present_datasets d
           join portals p on p.id = d.portal_id join records r on r.dataset_id = d.id order by d.portal_id"""
    ).fetchall()
    for key, portal, kind, packed, *_ in rows:
        graph = graphs.get(portal)
        if graph is None:
            graphs = {portal: (graph := read(folder / f"{portal}.nq.gz"))}
        node = graph.get(names.dataset(key))
        tell("dataset", node is not None, key)
        if node is None:
            continue
        files = [graph[value] for value, _ in node.get(f"{DCAT}distribution", ())]
        if kind not in ("ckan", "dcat-us", "udata"):
            continue
        raw = json.loads(catalog.packed.text(packed) or "null")
        said = stated(kind, raw)
        tell("files", len(files) >= len(said["files"]) and all(files), (key, len(files), len(said["files"])))
        tell("identifier", (said["id"] in {value for value, _ in node[f"{DCT}identifier"]}), (key, said["id"]))
        for language, title in said["titles"].items():
            there = [(value.strip(), tag) for value, tag in node[f"{DCT}title"]]
            is_there = title.strip() in {value for value, _ in there} or has_addresses(title)
            tell("title in each language", is_there, (key, language, title, there))
        licence = [one.strip() for one in said["licence"] if isinstance(one, str)]
        if any(one.lower() not in NO_LICENCE for one in licence):
            for file, own in zip(files, said["files"], strict=False):
                mine = [one for one in own["licence"] if isinstance(one, str) and one.strip()]
                given = labels(graph, file.get(f"{DCT}license", ()))
                words = (
                    given | labels(graph, node.get(f"{DCT}rights", ())) | labels(graph, node.get(f"{DCT}license", ()))
                )
                tell("licence on each file", bool(given), (key, licence))
                tell(
                    "licence as declared",
                    bool(words & {*licence, *mine} or known_as(licence, given)),
                    (key, licence, given),
                )
        ids = {one["id"]: one for one in said["files"] if one["id"]}
        for file in files:
            own = {value for value, _ in file.get(f"{DCT}identifier", ())} & ids.keys()
            if ids:
                tell("identifier of a file", bool(own), (key, file.get(f"{DCT}identifier")))
        for file, own in zip(files, said["files"], strict=False):
            one = ids.get(next(({v for v, _ in file.get(f"{DCT}identifier", ())} & ids.keys()).__iter__(), ""), own)
            if isinstance(one["format"], str) and one["format"].strip():
                given = labels(graph, [*file.get(f"{DCT}format", ()), *file.get(f"{DCAT}mediaType", ())])
                wanted = {one["format"].strip(), known("format", one["format"]), known("media_type", one["format"])}
                tell("format", bool(given & wanted), (key, one["format"], given))
        dates = {(value, kind) for name in ("issued", "modified") for value, kind in node.get(DCT + name, ())}
        for date in said["dates"]:
            tell("date", (moment(date).value, moment(date).datatype) in dates, (key, date, dates))
        everything = "\n".join(texts(raw))
        squeezed = re.sub(r"\s+", " ", everything)
        days = {moment(one.strip()).value for one in texts(raw) if len(one) < 100}
        for thing in (node, *files):
            for name in ("title", "description", "identifier", "issued", "modified"):
                for value, _ in thing.get(DCT + name, ()):
                    flat = re.sub(r"\s+", " ", value).strip()
                    is_said = flat in squeezed or value in days or "[e-mail address]" in value
                    tell(f"nothing invented ({name})", is_said, (key, value))
    return count


def known_as(licence: list[str], given: set[str]) -> bool:
    return any(known_iri(one) in given for one in licence)


def known_iri(text: str) -> str | None:
    from catalog.rdf.published.values import known_licence

    return known_licence(text, None).iri


FIELDS = {
    f"{DCT}description": ("description",),
    f"{DCT}title": ("title",),
    f"{DCT}publisher": ("publisher_id",),
    f"{DCAT}accessURL": ("access_url", "download_url"),
    f"{DCAT}endpointURL": ("endpoint_url",),
    f"{DCAT}contactPoint": ("contact_name", "contact_email", "contact_url"),
    "http://data.europa.eu/r5r/applicableLegislation": ("applicable_legislation",),
    "http://data.europa.eu/r5r/hvdCategory": ("hvd_categories",),
    "http://xmlns.com/foaf/0.1/page": ("documentation",),
    f"{DCT}license": ("licence", "licence_title"),
    "http://data.resources.gov/ontology/dcat-us#describedBy": ("described_by",),
}
"""By predicate: the stored values without which it cannot be stated."""
KEYS = {
    f"{DCT}description": {"description", "notes", "abstract"},
    f"{DCT}title": {"title", "name"},
    "http://data.europa.eu/r5r/applicableLegislation": {"legislation"},
    "http://data.europa.eu/r5r/hvdCategory": {"hvd"},
    "http://xmlns.com/foaf/0.1/page": {"documentation"},
    "http://data.resources.gov/ontology/dcat-us#describedBy": {"described"},
}
"""By predicate: words of the key under which a record states it."""
FACTS = {f"{DCT}publisher": "publisher", f"{DCAT}contactPoint": "contact", f"{DCT}license": "licence"}
"""By predicate: the fact as :mod:`facts_finder` calls it."""


def cause_of(row: dict[str, Any], path: str, constraint: str, value: str | None) -> str:
    """Return whose a result of validation is: "record", "person" (the record has only what is a person's, which nobody
    may publish), or "OURS". ``row``: the stored values of the dataset, file or service (``own``), the texts of its
    record, and the predicates that the record itself states of a dataset (``stated``)."""
    own = row["own"]
    if constraint == "MinCount" and path in FIELDS:
        if path.endswith("contactPoint") and any(own.get(name) for name in FIELDS[path][:2]):
            return "person"
        if any(str(own.get(name) or "").strip() for name in FIELDS[path]) or path in row["stated"]:
            return "OURS"
        return "record"
    if path.endswith("#algorithm") and constraint == "HasValue":
        # DCAT-AP 2.1.1 accepts SHA-1 only.
        return "record"
    if constraint in ("NodeKind", "Datatype", "Or", "Node") and value is not None:
        # The record states a text where the standard wants an address, a number or a date.
        return "record" if value.strip() in row["texts"] and address(value).kind != IRI else "OURS"
    return "OURS"


def validated(catalog: Catalog, shapes: Path, profile: str, per_portal: int) -> Counter[str]:
    """Validate some datasets of each portal; return the results by path, constraint and whose they are."""
    import warnings

    from pyshacl import validate
    from rdflib import RDF, SH, SKOS, BNode, Graph, URIRef

    conn = catalog.db.conn
    publication = Publication(names_of(conn, SITE), profile, operator="Watch")  # type: ignore[arg-type]
    shape_graph, found = Graph().parse(shapes), Counter[str]()
    # What the EU's own tables say of their terms is not in a catalogue, and these shapes ask for it.
    terms = Graph()
    if shapes.name.startswith("mdr-"):
        for table in (next(p for p in shapes.parents if (p / "eu-authority").is_dir()) / "eu-authority").glob("*.ttl"):
            # Not all of them name the scheme of a term, but its address does.
            listed = Graph().parse(table)
            for term in {*listed.subjects(), *listed.objects()}:
                if "/resource/authority/" in str(term):
                    terms.add((term, SKOS.inScheme, URIRef(str(term).rpartition("/")[0])))
    whole = PairedLines(f"{SITE}/#catalogue")
    describe_whole(published_portals(conn), whole, publication)
    for portal in published_portals(conn):
        # The shapes for high-value datasets are meant for no others.
        more = "and hvd_categories is not null" if "hvd" in shapes.name else ""
        chosen = f"select id from present_datasets where portal_id = ? {more} order by id limit ?"  # noqa: S608
        ids = [row[0] for row in conn.execute(chosen, [portal.id, per_portal])]
        made = graph_of(conn, publication, datasets=ids, portals=[portal.id])
        graph = Graph().parse(data=n_triples(made), format="nt")
        graph.parse(data=turtle_head() + whole.take()[1], format="turtle")
        rows = {str(key): row for key, row in _rows(catalog, ids, publication.names)}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # There is no table of languages here: their codes are those of ISO 639.
            for term in set(graph.objects(None, URIRef(f"{DCT}language"))) if terms else ():
                terms.add((term, SKOS.inScheme, URIRef(str(term).rpartition("/")[0])))
            report = validate(graph + terms, shacl_graph=shape_graph, inference="none")[1]
        for result in report.subjects(SH.sourceConstraintComponent, None):
            if report.value(result, SH.resultSeverity) != SH.Violation:
                continue
            focus, path = report.value(result, SH.focusNode), str(report.value(result, SH.resultPath))
            constraint = str(report.value(result, SH.sourceConstraintComponent)).rpartition("#")[2]
            constraint = constraint.removesuffix("ConstraintComponent")
            value = report.value(result, SH.value)
            # A concept without an IRI is one that is known by the record's words alone.
            said = {str(o) for node in (value, focus) if isinstance(node, BNode) for o in graph.objects(node)}
            said |= {str(one) for one in (value, focus)}
            kinds = {str(one) for one in graph.objects(focus, RDF.type)}
            # A blank node belongs to what leads to it.
            while str(focus) not in rows and (up := next(iter(graph.subjects(None, focus)), None)) is not None:
                focus = up
            row = rows.get(str(focus))
            cause = "OURS" if row is None else cause_of(row, path, constraint, None if value is None else str(value))
            is_lacking = constraint == "MinCount" and not path.endswith("#inScheme")
            if cause == "OURS" and row is not None and not is_lacking and said & row["texts"]:
                cause = "record"
            # The EU's tables list its own institutions, and places by name: no other publisher or area has a term.
            if terms and kinds & {f"{DCT}Location", "http://xmlns.com/foaf/0.1/Agent"}:
                cause = "none"
            key = f"{cause:6} {path} {constraint}"
            if cause == "OURS" and not found[key]:
                print(f"  {portal.id}: {path} {constraint} {focus} {value}"[:250])
            found[key] += 1
    return found


def _stated(raw: Any) -> set[str]:
    """Return the predicates of which a record has a value, whatever our mapping makes of it."""
    found = leaves(raw)
    # The author of a map document is not who publishes the dataset; "{{default.description}}" is a placeholder.
    facts = find([one for one in found if "author" not in one.own])
    # Not what is said of its files, its publisher, or the catalogue ("catalog_describedBy").
    others = {"resources", "distribution", "distributions", "organization", "publisher", "groups", "catalog"}
    top = [
        one
        for one in found
        if one.value.strip() and "{{" not in one.value and not (one.above | one.own | set(words(one.near))) & others
    ]
    return {path for path, keys in KEYS.items() if any(one.own & keys and "type" not in one.own for one in top)} | {
        path for path, fact in FACTS.items() if facts.get(fact)
    }


def _rows(catalog: Catalog, ids: list[str], names: ResourceNames) -> Iterator[tuple[str, dict[str, Any]]]:
    conn = catalog.db.conn
    marks = ", ".join("?" * len(ids))
    conn.row_factory = sqlite3.Row
    try:
        raws, told = {}, {}
        for row in conn.execute(f"select dataset_id, raw from records where dataset_id in ({marks})", ids):  # noqa: S608
            raw = json.loads(catalog.packed.text(row["raw"]) or "null")
            raws[row["dataset_id"]] = {one.strip() for one in texts(raw)}
            told[row["dataset_id"]] = _stated(raw)
        numbers: Counter[str] = Counter()
        tables = {"present_datasets": "id", "current_distributions": "dataset_id", "current_services": "dataset_id"}
        for table, key in tables.items():
            for row in conn.execute(f"select * from {table} where {key} in ({marks}) order by id", ids):  # noqa: S608
                own = dict(row)
                node = names.dataset(own["id"]) if key == "id" else names.file(own["id"])
                if table == "current_services":
                    node = names.of("service", f"{own[key]}-{numbers[own[key]]}")
                    numbers[own[key]] += 1
                stated = told.get(own[key], set()) if key == "id" else set()
                yield (
                    node,
                    {"own": own, "texts": raws.get(own[key], set()) | set(map(str, own.values())), "stated": stated},
                )
    finally:
        conn.row_factory = None


def main(data: Path, shapes: Path | None, profile: str, per_portal: int) -> None:
    with open_catalog(data / "catalog.db") as catalog, tempfile.TemporaryDirectory() as place:
        if shapes is not None:
            for name, number in sorted(validated(catalog, shapes, profile, per_portal).items()):
                print(f"{number:7,} {name}")
            return
        out = Path(place)
        job = ExportJob(catalog, "x", out, ExportOptions(site_url=SITE), {out: ""})
        RdfFiles().write(job)
        count = compare(catalog, out / "rdf")
    for fact in sorted({name.partition(": ")[0] for name in count}):
        said, there = count[f"{fact}: stated"], count[f"{fact}: there"]
        print(f"{fact:32} {there:8,} of {said:8,} {100 * there / said:7.2f} %")


if __name__ == "__main__":
    _arguments = sys.argv[1:]
    main(
        Path(_arguments[0]),
        Path(_arguments[1]) if len(_arguments) > 1 else None,
        _arguments[2] if len(_arguments) > 2 else PROFILES[0],
        int(_arguments[3]) if len(_arguments) > 3 else 20,
    )
