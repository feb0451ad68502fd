"""JSON in any encoding is read as what it is, and said to be no UTF-8; nothing of it is lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from portal_server import Asked, PortalServer, Response, harvest, harvested, spec

from catalog.db.store import Catalog
from harvester.facts.values import json_text
from harvester.spiders.base.json_stream import Element, StreamEnd, records
from harvester.spiders.base.json_text import MAX_VALUES, text_of
from harvester.spiders.base.page_content import parse_json
from harvester.spiders.sitemap.pages import datasets_in

TEXTS = {
    "latin-1": "Förderungen in Zürich: Bären, Straßen, Übergänge",
    "cp1252": "L’accès à l’eau – coût en €",
    "cp1250": "Ludność według płci i wieku w gminach; źródło: urząd",
    "cp1251": "Перечень образовательных учреждений города",
    "koi8_r": "Перечень образовательных учреждений города",
    "koi8_u": "Перелік доріг, їх довжина та стан у віданні громади",
    "cp1253": "Κατάλογος σχολείων και πληθυσμός ανά δήμο",
    "shift_jis": "市の人口、年齢別の統計データ。毎月更新されます。",
    "euc_jp": "市の人口、年齢別の統計データ。毎月更新されます。",
    "gbk": "人口统计数据，按年龄划分，每月更新。",
    "big5": "人口統計資料，依年齡區分，每月更新。",
    "euc_kr": "시 인구 통계, 연령별 인구 자료",
    "utf-16": "Förderungen in Zürich",
    "utf-16-le": "Förderungen",
    "utf-16-be": "人口統計資料",
    "utf-32": "Förderungen",
}


def document(text: str) -> str:
    return '\n{"dataset": ' + json.dumps([{"identifier": "a", "title": text}], ensure_ascii=False) + "}"


@pytest.mark.parametrize("encoding", TEXTS)
def test_letters_are_read_as_what_they_are(encoding: str, tmp_path: Path) -> None:
    raw = document(TEXTS[encoding]).encode(encoding)
    odd: list[str] = []
    assert parse_json(raw, None, odd.append)["dataset"][0]["title"] == TEXTS[encoding]
    assert len(odd) == 1
    path = tmp_path / "feed"
    path.write_bytes(raw)
    *found, end = records(path)
    assert isinstance(end, StreamEnd) and end.fault is None and end.odd_encoding == odd[0]
    assert isinstance(found[0], Element) and found[0].value["title"] == TEXTS[encoding]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "ascii"])
def test_utf_8_is_not_said(encoding: str) -> None:
    text = document("plain" if encoding == "ascii" else "Zürich, Αθήνα, 市")
    assert text_of(text.encode(encoding)) == (text, None)


def test_the_charset_that_is_named_counts_where_the_bytes_allow_it() -> None:
    short = document("Łódź ę").encode("iso8859-2")
    assert text_of(short, "iso-8859-2")[0] == document("Łódź ę")
    # UTF-8 it is, whatever is said.
    assert text_of(document("Zürich").encode(), "iso-8859-1") == (document("Zürich"), None)


def test_a_mixture_keeps_both() -> None:
    mixed = document("Zürich Bürger").encode()[:-4] + ', "größe"]}'.encode("latin-1")
    text, odd = text_of(mixed)
    assert "Zürich Bürger" in text and "größe" in text and odd


def test_one_accent_at_the_end_of_a_long_feed(tmp_path: Path) -> None:
    path = tmp_path / "feed"
    filler = [{"identifier": f"n{n}", "title": "plain " * 40} for n in range(5_000)]
    last = {"identifier": "z", "title": "Bürgerämter"}
    path.write_bytes(json.dumps({"dataset": [*filler, last]}, ensure_ascii=False).encode("latin-1"))
    *found, end = records(path)
    assert len(found) == 5_001 and isinstance(found[-1], Element)
    assert found[-1].value["title"] == "Bürgerämter"
    assert isinstance(end, StreamEnd) and end.odd_encoding == "windows-1252"


@pytest.mark.parametrize("kind", ["dcat-us", "ckan"])
def test_it_is_said_once_and_nothing_is_lost(catalog: Catalog, kind: str) -> None:
    found = [{"id": f"n{n}", "name": f"n{n}", "identifier": f"n{n}", "title": f"Lärm {n}"} for n in range(25)]

    def search(asked: Asked) -> Response:
        page = found[int(asked.query.get("start", 0)) :][:10]
        response = {"success": True, "result": {"count": len(found), "results": page}}
        return Response(body=json.dumps(response, ensure_ascii=False).encode("latin-1"))

    feed = Response(body=json.dumps({"dataset": found}, ensure_ascii=False).encode("latin-1"))
    with PortalServer({"/data.json": feed, "/api/3/action/package_search": search}) as server:
        harvest(catalog, spec("p", kind, server.url, limits={"page_rows": 10}))
    assert harvested(catalog, "p")["verdict"] == "complete"
    assert catalog.value("select count(*) from datasets where title like 'Lärm %'") == 25
    (error,) = catalog.rows("select kind, is_lost from harvest_errors where portal_id = 'p'")
    assert (error["kind"], bool(error["is_lost"])) == ("encoding", False)


@pytest.mark.parametrize("unit", [b"[],", b'{"a":[]},'])
def test_more_values_than_memory_holds_are_not_read(unit: bytes, tmp_path: Path) -> None:
    raw = b"[" + unit * (MAX_VALUES + 10) + b"0]"
    with pytest.raises(ValueError, match="more than 4,000,000 values"):
        parse_json(raw)
    path = tmp_path / "feed"
    path.write_bytes(b'{"dataset": [' + raw + b"]}")
    *_, end = records(path)
    assert isinstance(end, StreamEnd) and end.fault is not None
    page = b'<script type="application/ld+json">{"@type": "Dataset", "x": ' + raw + b"}</script>"
    ((_, record),), _ = datasets_in(page, "text/html", "http://x.example/")
    assert "more than 4,000,000 values" in record["@broken"]
    # JSON that stands in a field is a text, where it is too much.
    text = raw.decode("ascii")
    assert json_text(text) is text


def test_depth_without_end_is_said() -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        parse_json(b"[" * 1_000_000)
