"""The probes of all portal types, collected from their ``probe.py`` files, and rules for finding a portal's address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from urllib.parse import urlsplit

from harvester.spiders import portal_types
from harvester.spiders.base.detection import LESS_USUAL, AsGiven, Probe, TypeProbes

__all__ = [
    "AS_GIVEN", "BY_TYPE", "LESS_USUAL_PROBES", "PROBES", "USUAL_PROBES", "accepted", "bases_of", "home_of",
    "own_address", "own_kinds", "own_probes", "places_of",
]  # fmt: skip


def _declared(portal_type: str) -> TypeProbes:
    module = import_module(f"harvester.spiders.{portal_type.replace('-', '_')}.probe")
    found: TypeProbes = module.PROBES
    return found


BY_TYPE = {portal_type: _declared(portal_type) for portal_type in portal_types()}
"""The declarations of every portal type, by type."""
PROBES: tuple[Probe, ...] = tuple(
    sorted(
        (
            replace(probe, kinds=probe.kinds or (portal_type,))
            for portal_type, declared in BY_TYPE.items()
            for probe in declared.probes
        ),
        key=lambda probe: probe.rank,
    )
)
"""The probes of all types, in the order in which they are sent."""
USUAL_PROBES = tuple(probe for probe in PROBES if probe.rank < LESS_USUAL)
LESS_USUAL_PROBES = PROBES[len(USUAL_PROBES) :]
AS_GIVEN: tuple[AsGiven, ...] = tuple(
    sorted(
        (
            replace(one, kinds=one.kinds or (portal_type,))
            for portal_type, declared in BY_TYPE.items()
            for one in declared.as_given
        ),
        key=lambda one: one.rank,
    )
)
"""APIs that respond to nothing without a query, in the order in which they are asked."""


def places_of(portal_type: str) -> list[str]:
    """Return the paths below a portal's address that detection requests to recognise ``portal_type``.

    Query strings are left out. The list is empty for a type that is recognised only at the exact address the user
    gives.
    """
    return list(dict.fromkeys(probe.path.partition("?")[0] for probe in PROBES if portal_type in probe.kinds))


def accepted(kinds: Sequence[str]) -> str:
    """Return the Accept header of a request whose response may reveal one of the portal types ``kinds``.

    For a single type it names the media types of that type. For several types it is "*/*", any media type.
    """
    return BY_TYPE[kinds[0]].accept if len(kinds) == 1 else "*/*"


def own_kinds(url: str) -> list[str]:
    """Return the portal types to whose API the address ``url`` may belong, judged by its path alone.

    For example, a path that contains "/api/3/action/" belongs to CKAN. A type may occur several times. The list is
    empty if the address looks like that of no known API.
    """
    path = urlsplit(url).path
    return [
        kind
        for probe in PROBES
        if (start := probe.path.partition("?")[0].rsplit("/", 1)[0]) and len(start) > 1 and f"{start}/" in path
        for kind in probe.kinds
    ]


def own_probes(portal_type: str) -> list[Probe]:
    """Return the requests (probes) declared for ``portal_type``, by which detection recognises that type.

    A probe declared for another type is not returned, even if its response may reveal ``portal_type`` too.
    """
    return [probe for probe in PROBES if probe.kinds[0] == portal_type]


_API = tuple(dict.fromkeys(path for declared in BY_TYPE.values() for path in declared.api_paths))
_PAGES = (
    "/dataset", "/datasets", "/search", "/pages", "/fr", "/en", "/es", "/de", "/it", "/pt",
    *(path for declared in BY_TYPE.values() for path in declared.page_paths),
)  # fmt: skip
"""How the paths of a portal's pages begin: for any software, and for each type."""


def own_address(url: str, portal_type: str) -> str:
    """Return the address to write in a portal file, for ``url``, any address within the API of ``portal_type``.

    For example, https://x.example/api/3/action/package_search becomes https://x.example for the type "ckan". Some types
    are harvested at the address of the API or document itself; the function ``own_address`` in their ``probe.py`` then
    decides, and without one the address is returned unchanged.
    """
    declared = BY_TYPE[portal_type]
    return home_of(url) if declared.is_at_home else declared.own_address(url)


def home_of(url: str) -> str:
    """Return the part of ``url`` before the path of a known API, which is usually the portal's address.

    For example, https://x.example/api/3/action/package_search becomes https://x.example. If the address contains no
    such path, only query, fragment and trailing slash are removed.
    """
    cuts = [at for part in _API if (at := url.find(part, url.find("://") + 3)) > 0]
    return url[: min(cuts)].rstrip("/") if cuts else url.split("#")[0].split("?")[0].rstrip("/")


def bases_of(url: str) -> list[str]:
    """Return up to three addresses below which the API of a portal may be, the likeliest first.

    ``url`` is any address of the portal. The results are: the address up to the path of an API or page, the host with
    the first segment of the path, and the host alone.
    """
    home = home_of(url)
    parts = urlsplit(home)
    root = f"{parts.scheme}://{parts.netloc}"
    path = parts.path.rstrip("/")
    cuts = [at for page in _PAGES if (at := f"{path}/".find(f"{page}/")) >= 0]
    path = path[: min(cuts)] if cuts else path
    segments = [one for one in path.split("/") if one]
    found = [root + path, root + (f"/{segments[0]}" if segments else ""), root]
    return list(dict.fromkeys(found))
