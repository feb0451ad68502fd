"""Read responses to SELECT or ASK, in JSON or XML, as rows of SPARQL 1.1 Query Results JSON."""

from __future__ import annotations

from typing import Any

from lxml import etree

from harvester.spiders.base.page_content import parse_json
from harvester.spiders.documents.xml_reading import children, local, parse_xml

__all__ = ["result_of", "truth_of"]

NO_RESULT = "the response is no SPARQL result"
_XML = "{http://www.w3.org/XML/1998/namespace}lang"


def result_of(body: bytes) -> tuple[list[str], list[dict[str, Any]]]:
    """Return (names of the variables, rows) of ``body``, the result of a SELECT query in JSON or XML.

    A row maps a variable to an object with "type" and "value", as in SPARQL 1.1 Query Results JSON. Raise ValueError
    with a readable reason if the body is no such result.
    """
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        return _of_xml(parse_xml(body))
    found = parse_json(body)
    try:
        rows = list(found["results"]["bindings"])
        names = found.get("head", {}).get("vars") or []
    except (TypeError, LookupError, AttributeError) as error:
        raise ValueError(f"{NO_RESULT} in JSON") from error
    if not all(isinstance(row, dict) and all(isinstance(v, dict) for v in row.values()) for row in rows):
        raise ValueError(f"{NO_RESULT} in JSON")
    return [str(name) for name in names] if isinstance(names, list) else [], rows


def truth_of(body: bytes) -> bool:
    """Return the result of an ASK query, in JSON or XML. Raise ValueError with the reason if ``body`` holds none."""
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        root = parse_xml(body)
        told = next(children(root, "boolean"), None) if local(root) == "sparql" else None
        said = {"true": True, "false": False}.get((told.text or "").strip()) if told is not None else None
    else:
        found = parse_json(body)
        said = found.get("boolean") if isinstance(found, dict) else None
    if not isinstance(said, bool):
        raise ValueError(NO_RESULT)
    return said


def _of_xml(root: etree._Element) -> tuple[list[str], list[dict[str, Any]]]:
    results = next(children(root, "results"), None)
    if local(root) != "sparql" or results is None:
        raise ValueError(f"{NO_RESULT} in XML")
    names = [one.get("name", "") for head in children(root, "head") for one in children(head, "variable")]
    rows = []
    for result in children(results, "result"):
        row = {}
        for binding in children(result, "binding"):
            for term in binding:
                if (value := _term(term)) is not None:
                    row[binding.get("name", "")] = value
        rows.append(row)
    return names, rows


def _term(term: etree._Element) -> dict[str, Any] | None:
    kind = local(term)
    if kind not in ("uri", "bnode", "literal"):
        return None
    told: dict[str, Any] = {"type": kind, "value": term.text or ""}
    if language := term.get(_XML):
        told["xml:lang"] = language
    elif datatype := term.get("datatype"):
        told["datatype"] = datatype
    return told
