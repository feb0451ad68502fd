"""A CKAN Action API v3 over a list of packages, with quirks seen on real servers.

``rows`` above 10 is silently cut. A wrong value of ``rows`` or ``start`` gives 409, an unknown parameter or a bad
``sort`` 400, an unknown action 400 with a bare JSON string. Private datasets appear in no list, and asking for one
gives 403. The pages of datasets and uploads are served too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from harvester.demo.responses import ReplayedResponse, json_response, page
from harvester.demo.sites import Json

__all__ = ["ROWS_MAX", "respond"]

ROWS_MAX = 10
"""``ckan.search.rows_max`` of every demo portal."""
API = "/api/3"
_SEARCH_PARAMETERS = frozenset(
    [
        "q",
        "fq",
        "fq_list",
        "rows",
        "start",
        "sort",
        "facet",
        "facet.field",
        "facet.limit",
        "facet.mincount",
        "include_private",
        "include_drafts",
        "use_default_schema",
        "fl",
    ]
)
_SORT_FIELDS = frozenset(["id", "name", "title", "title_string", "score", "metadata_created", "metadata_modified"])


class _Refused(Exception):
    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status, self.kind = status, kind


Parameters = Mapping[str, Any]
"""Parameters of the query, where all values are text, or of a JSON body."""


def respond(
    site_title: str, packages: Sequence[Json], path: str, parameters: Parameters, body: bytes | None
) -> ReplayedResponse | None:
    """Return the response of the simulated CKAN to one request. None if the address does not exist.

    ``site_title`` is the title that the site states of itself. ``packages`` are all its records. ``path`` is below the
    portal's address. ``parameters`` are those of the query; ``body`` is the JSON body of a POST request, or None.
    """
    if path in ("", "/"):
        return page(site_title, f"{len(_public(packages))} datasets")
    if path in (API, f"{API}/"):
        return json_response({"version": 3})
    if dataset := re.fullmatch(r"/dataset/([^/]+)/?", path):
        found = _find(packages, unquote(dataset[1]))
        if found is None or found["private"]:
            return None
        return page(str(found["title"]), str(found["notes"] or "")[:2000])
    action = re.fullmatch(r"/api/(?:3/)?action/(\w+)/?", path)
    if not action:
        return None
    return _act(site_title, packages, action[1], parameters, body)


def _act(
    title: str, packages: Sequence[Json], action: str, parameters: Parameters, body: bytes | None
) -> ReplayedResponse:
    if body:
        try:
            sent = json.loads(body)
        except ValueError:
            return json_response("Bad request - JSON Error: Error decoding JSON data.", status=400)
        if not isinstance(sent, dict):
            return json_response("Bad request - JSON Error: Request data must be a dictionary.", status=400)
        parameters = {**parameters, **sent}
    run = _ACTIONS.get(action)
    if run is None:
        return json_response(f"Bad request - Action name not known: {action}", status=400)
    envelope: Json = {"help": f"{API}/action/help_show?name={action}"}
    try:
        result = run(packages, parameters)
    except _Refused as refused:
        error = {"message": str(refused), "__type": refused.kind}
        return json_response(envelope | {"success": False, "error": error}, status=refused.status)
    if action == "status_show":
        result["site_title"] = title
    return json_response(envelope | {"success": True, "result": result})


def _public(packages: Sequence[Json]) -> list[Json]:
    return [package for package in packages if not package["private"]]


def _find(packages: Sequence[Json], key: str) -> Json | None:
    return next((package for package in packages if key in (package["id"], package["name"])), None)


def _number(parameters: Parameters, name: str, default: int) -> int:
    try:
        value = int(parameters.get(name, default))
    except (TypeError, ValueError):
        value = -1
    if value < 0:
        raise _Refused(409, "Validation Error", f"{name}: Must be a natural number")
    return value


def _search(packages: Sequence[Json], parameters: Parameters) -> Any:
    unknown = sorted(set(parameters) - _SEARCH_PARAMETERS)
    if unknown:
        raise _Refused(400, "Search Query Error", f"Invalid search parameters: {unknown}")
    rows = min(_number(parameters, "rows", 10), ROWS_MAX)
    start = _number(parameters, "start", 0)
    facets = _facets(parameters)
    found = [p for p in _public(packages) if _matches(p, str(parameters.get("q") or "*:*"))]
    filters = parameters.get("fq_list") or [parameters.get("fq") or "*:*"]
    found = [p for p in found if all(_matches(p, str(query)) for query in filters)]
    sort = str(parameters.get("sort") or "score desc, metadata_modified desc")
    found = _sorted(found, sort)
    counted = {field: _counted(found, field) for field in facets}
    return {
        "count": len(found),
        "facets": counted,
        "results": found[start : start + rows],
        "sort": sort,
        "search_facets": {
            field: {
                "title": field,
                "items": [{"name": k, "display_name": k, "count": n} for k, n in values.items()],
            }
            for field, values in counted.items()
        },
    }


def _facets(parameters: Parameters) -> list[str]:
    fields = parameters.get("facet.field", [])
    if isinstance(fields, str):
        try:
            fields = json.loads(fields)
        except ValueError:
            fields = None
    if not isinstance(fields, list):
        raise _Refused(409, "Validation Error", "facet.field: Could not parse as valid JSON list")
    return [] if str(parameters.get("facet", "true")).lower() == "false" else [str(field) for field in fields]


def _values(package: Json, field: str) -> list[str]:
    match field:
        case "organization":
            return [package["organization"]["name"]] if package["organization"] else []
        case "tags" | "groups":
            return [item["name"] for item in package[field]]
        case "res_format":
            return [resource["format"] for resource in package["resources"]]
        case _:
            value = package.get(field)
            return [] if value is None else [str(value)]


def _counted(packages: Sequence[Json], field: str) -> dict[str, int]:
    counted: dict[str, int] = {}
    for package in packages:
        for value in dict.fromkeys(_values(package, field)):
            counted[value] = counted.get(value, 0) + 1
    return counted


_RANGE = re.compile(r"(metadata_modified|metadata_created):\[(\S+) TO (\S+)\]")
_TERM = re.compile(r'([+-]?)(\w+):(?:"([^"]*)"|([\w.-]+))')


def _matches(package: Json, query: str) -> bool:
    """Return whether a package matches a query in a small part of Solr's syntax.

    Supported are ``*:*``, words, ``field:value`` with + or -, and a range of times.
    """
    rest = query.replace("*:*", " ")
    for field, low, high in _RANGE.findall(rest):
        for bound in (low, high):
            # Solr rejects a date without a time of day.
            if bound != "*" and "NOW" not in bound and not re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", bound):
                raise _Refused(409, "Search Error", f"Invalid Date String:'{bound}'")
        stamp = package[field]
        if (low[:1].isdigit() and stamp < low.rstrip("Z")) or (high[:1].isdigit() and stamp > high.rstrip("Z")):
            return False
    rest = _RANGE.sub(" ", rest)
    for sign, field, quoted, bare in _TERM.findall(rest):
        if ((quoted or bare) in _values(package, field)) == (sign == "-"):
            return False
    rest = _TERM.sub(" ", rest)
    if re.search(r"[\[\]{}:]", rest):
        raise _Refused(409, "Search Error", f"Could not parse the query: {query!r}")
    text = " ".join((str(package["title"]), str(package["notes"]), package["name"], *_values(package, "tags")))
    return all(word in text.lower() for word in rest.lower().split() if word != "and")


def _sorted(packages: list[Json], sort: str) -> list[Json]:
    keys = []
    for part in sort.split(","):
        field, _, direction = part.strip().partition(" ")
        if field not in _SORT_FIELDS or direction.strip().lower() not in ("asc", "desc"):
            raise _Refused(400, "Search Query Error", f'Invalid "sort" parameter: {sort!r}')
        keys.append((field.removesuffix("_string"), direction.strip().lower() == "desc"))
    for field, backwards in reversed(keys):
        if field != "score":
            packages = sorted(packages, key=lambda p: str(p[field]), reverse=backwards)
    return packages


def _show(packages: Sequence[Json], parameters: Parameters) -> Any:
    key = parameters.get("id") or parameters.get("name_or_id")
    if not key:
        raise _Refused(409, "Validation Error", "name_or_id: Missing value")
    package = _find(packages, str(key))
    if package is None:
        raise _Refused(404, "Not Found Error", "Not found")
    if package["private"]:
        raise _Refused(403, "Authorization Error", f"Access denied: not authorized to read package {key}")
    return package


def _list(packages: Sequence[Json], parameters: Parameters) -> Any:
    start = _number(parameters, "offset", 0)
    limit = _number(parameters, "limit", len(packages))
    return sorted(package["name"] for package in _public(packages))[start : start + limit]


def _status(packages: Sequence[Json], parameters: Parameters) -> Any:
    return {
        "ckan_version": "2.11.3",
        "site_url": "",
        "site_description": "",
        "locale_default": "en",
        "extensions": ["activity", "resource_proxy"],
    }


def _organisations(packages: Sequence[Json], parameters: Parameters) -> Any:
    return sorted(_counted(_public(packages), "organization"))


_ACTIONS: dict[str, Callable[[Sequence[Json], Parameters], Any]] = {
    "organization_list": _organisations,
    "package_list": _list,
    "package_search": _search,
    "package_show": _show,
    "site_read": lambda packages, parameters: True,
    "status_show": _status,
}
