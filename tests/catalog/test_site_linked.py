"""What pages tell search engines: read back with rdflib, without the network, and checked for what each type needs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from rdflib import RDF, Graph, Namespace, URIRef

from catalog.exports.folders import folder_name
from catalog.site.linked import linked_data
from catalog.site.pages.method import rule_path
from specs.metrics import metrics
from specs.table_rules import table_rules
from tests.catalog.browsing import EVIL, OF_THE_SITE, Site

# rdflib's own reader of JSON-LD warns of rdflib.
pytestmark = [*OF_THE_SITE, pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")]

SCHEMA = Namespace("https://schema.org/")
BASE = "https://winnow.example"
CONTEXT = {
    "@vocab": str(SCHEMA),
    **{name: {"@type": "@id"} for name in ("url", "item", "contentUrl", "mainEntityOfPage", "license", "sameAs")},
}
"""What of schema.org's own context these pages depend on: names are its terms, and these are addresses."""
NEEDED = {
    "BreadcrumbList": ("itemListElement",),
    "DataCatalog": ("name",),
    "DataDownload": ("contentUrl", "encodingFormat"),
    "Dataset": ("name", "description"),
    "DefinedTerm": ("name", "termCode", "inDefinedTermSet"),
    "DefinedTermSet": ("name", "url"),
    "GovernmentOrganization": ("name",),
    "ItemList": ("numberOfItems", "itemListElement"),
    "ListItem": ("position", "name"),
    "Organization": ("name",),
}
"""Properties without which a search engine ignores an object, or a reader learns nothing from it, by type."""
GOVERNMENT = f"/government/{folder_name(EVIL)}"
PAGES = {
    "/": ("DataCatalog", f"{BASE}/"),
    "/governments": ("ItemList", None),
    GOVERNMENT: ("GovernmentOrganization", BASE + GOVERNMENT),
    "/portal/north": ("DataCatalog", f"{BASE}/portal/north"),
    "/publisher/north-p": ("Organization", f"{BASE}/publisher/north-p"),
    "/dataset/north-0": ("Dataset", f"{BASE}/dataset/north-0"),
    "/commitment/ogp-XX0002": ("DefinedTerm", f"{BASE}/commitment/ogp-XX0002"),
    "/metric/link_ok": ("DefinedTerm", f"{BASE}/metric/link_ok"),
    "/method": ("DefinedTermSet", f"{BASE}/method"),
    "/downloads": ("Dataset", f"{BASE}/downloads"),
}


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exports")
    told = {"run": "20261124T000000Z", "outputs": {"exports/scorecard.csv": {"bytes": 10, "sha256": "ab"}}}
    (folder / "manifest.json").write_text(json.dumps(told))
    return folder


@pytest.fixture(scope="module")
def named(public: Path, exports: Path) -> Iterator[Site]:
    """The site at an address of its own, with exported files."""
    options = {"public_url": BASE, "exports": str(exports), "exports_url": f"{BASE}/files", "operator": f"We {EVIL}"}
    with closing(Site(public, **options)) as opened:
        yield opened


def linked(site: Site, path: str) -> tuple[dict[str, Any], Graph]:
    """Return the JSON-LD of a page as it stands there, and as a graph."""
    (script,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', site.page(path), re.DOTALL)
    data = json.loads(script)
    assert data["@context"] == "https://schema.org"
    graph = Graph().parse(data=json.dumps(data | {"@context": CONTEXT}), format="json-ld", publicID=BASE + path)
    return data, graph


@pytest.mark.parametrize("path", PAGES)
def test_a_page_says_what_it_is_about(named: Site, path: str) -> None:
    kind, name = PAGES[path]
    _, graph = linked(named, path)
    found = list(graph.subjects(RDF.type, SCHEMA[kind]))
    assert (URIRef(name) in found or (path == "/" and found)) if name else found, found
    for subject, of in graph.subject_objects(RDF.type):
        for needed in NEEDED.get(str(of).removeprefix(str(SCHEMA)), ()):
            assert (subject, SCHEMA[needed], None) in graph, (of, needed)
    addresses = [one for one in graph.all_nodes() if isinstance(one, URIRef)]
    odd = [one for one in addresses if not re.match("https?://", one)]
    assert not odd, "no path is left, and no script"
    # The steps from the front page to this one, in order.
    steps = [
        (int(str(graph.value(one, SCHEMA.position))), str(graph.value(one, SCHEMA.item)))
        for one in graph.subjects(RDF.type, SCHEMA.ListItem)
        if graph.value(one, SCHEMA.item)
    ]
    if path != "/":
        assert [number for number, _ in sorted(steps)] == list(range(1, len(steps) + 1))
        assert sorted(steps)[0][1] == f"{BASE}/" and sorted(steps)[-1][1] == BASE + path


def test_the_steps_to_a_page_are_pages(named: Site) -> None:
    for path, number in [("/dataset/north-0", 4), ("/publisher/north-p", 4), ("/cause/cause-1", 3), ("/census", 2)]:
        data, _ = linked(named, path)
        (crumbs,) = (one for one in data["@graph"] if one["@type"] == "BreadcrumbList")
        steps = [one["item"].removeprefix(BASE) for one in crumbs["itemListElement"]]
        assert len(steps) == number, steps
        for step in steps:
            assert named.get(step).status_code == 200, step
    # In the language of the page.
    data, _ = linked(named, "/es/metric/link_ok")
    assert data["@graph"][1]["itemListElement"][1]["item"] == f"{BASE}/es/method"


def test_the_files_are_downloads(named: Site) -> None:
    _, graph = linked(named, "/downloads")
    (file,) = graph.subjects(RDF.type, SCHEMA.DataDownload)
    assert str(graph.value(file, SCHEMA.contentUrl)) == f"{BASE}/files/scorecard.csv"
    assert str(graph.value(file, SCHEMA.encodingFormat)) == "text/csv"


def test_a_page_that_search_engines_leave_out_says_nothing() -> None:
    assert linked_data({"title": "x", "is_listed": False, "json_ld": {"@type": "Dataset"}}, "/x", str) is None
    # A text is never taken for an address.
    told = linked_data(
        {"title": "x", "json_ld": {"name": "/a", "url": "/a", "license": ""}}, "/", lambda path: "b" + path
    )
    assert told == {"@context": "https://schema.org", "@graph": [{"name": "/a", "url": "b/a"}]}


def test_only_rules_that_have_a_page_are_linked(site: Site) -> None:
    for rule in (*metrics(), *table_rules()):
        path = rule_path(rule)
        assert path is None or path.removeprefix("/metric/") in metrics(), rule
    assert rule_path("link_ok") == "/metric/link_ok" and rule_path("not_looked_into") is None
    # What stands in RDF, and what of services does not.
    for metric, has_graph in [("link_ok", True), ("service_title_present", False)]:
        assert (f"/metric/{metric}.ttl" in site.page(f"/metric/{metric}")) is has_graph, metric
        assert site.get(f"/metric/{metric}.ttl").status_code == (200 if has_graph else 404)
