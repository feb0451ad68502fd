"""Choose the form in which a thing is answered: the page for people, or one of four RDF syntaxes.

It follows RFC 9110, section 12.5.1: the media range that names a form most exactly gives its weight. Of forms with the
same weight, one that the request names counts more than one that it only does not exclude (``*/*``), and then the page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["HTML", "RDF_FORMS", "THINGS", "RdfForm", "alternates", "form_for"]


@dataclass(frozen=True, slots=True)
class RdfForm:
    """An RDF syntax of the site. ``ext``: extension of its addresses, without the dot; ``syntax``: its name in
    :mod:`catalog.rdf.syntaxes`; ``media_type``: the one that is answered; ``also``: others that ask for it."""

    ext: str
    syntax: str
    media_type: str
    also: tuple[str, ...] = ()


RDF_FORMS: dict[str, RdfForm] = {
    form.ext: form
    for form in (
        RdfForm("ttl", "turtle", "text/turtle", ("application/x-turtle",)),
        RdfForm("jsonld", "json-ld", "application/ld+json"),
        RdfForm("rdf", "xml", "application/rdf+xml"),
        RdfForm("nt", "n-triples", "application/n-triples"),
    )
}
"""By extension."""
HTML = "html"
THINGS = ("dataset", "publisher", "portal", "metric", "commitment", "night", "home")
"""Names of the pages whose things can be had as RDF."""
_OFFERED = (
    (HTML, ("text/html", "application/xhtml+xml")),
    *((form.ext, (form.media_type, *form.also)) for form in RDF_FORMS.values()),
)
_WEIGHT = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")
_RANGES = 40
"""Media ranges that are read of one header."""


@lru_cache(maxsize=500)
def form_for(accept: str) -> str:
    """Return the form that the header ``Accept`` of a request prefers: "html", or a key of :data:`RDF_FORMS`.

    ``accept``: the header, "" if there is none. The result is also "html" if the header accepts nothing that the site
    has.

    >>> form_for("text/turtle;q=0.9, application/ld+json;q=0.8, */*;q=0.1")
    'ttl'
    >>> form_for("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
    'html'
    """
    ranges = _ranges(accept)
    best, chosen = (0.0, 0), HTML
    for form, types in _OFFERED:
        # Another name of the same form counts only where it is named itself.
        named = [(ranges[one], 2) for one in types[1:] if one in ranges]
        found = max([_weight(types[0], ranges), *named])
        if found > best:
            best, chosen = found, form
    return chosen


def _ranges(accept: str) -> dict[str, float]:
    """Return the weights by media range; what is no range is left out."""
    found: dict[str, float] = {}
    for one in accept.split(",")[:_RANGES]:
        name, *parameters = (part.strip().lower() for part in one.split(";"))
        weights = [text[2:].strip() for text in parameters if text.startswith("q=")]
        if "/" in name and all(_WEIGHT.fullmatch(text) for text in weights):
            found.setdefault(name, float(weights[0]) if weights else 1.0)
    return found


def _weight(media_type: str, ranges: dict[str, float]) -> tuple[float, int]:
    """Return the weight of a media type and how exactly the range that gives it names it: 2, 1 or 0."""
    for exactness, name in ((2, media_type), (1, f"{media_type.partition('/')[0]}/*"), (0, "*/*")):
        if name in ranges:
            # "text/*" asks for no syntax in particular: Turtle is text only by its name.
            return ranges[name], 2 if exactness == 2 else 0
    return 0.0, 0


def alternates(address: str) -> list[tuple[str, str]]:
    """Return the addresses of the RDF forms of a page with their media types. ``address``: that of the page, without a
    slash at its end."""
    return [(f"{address}.{form.ext}", form.media_type) for form in RDF_FORMS.values()]
