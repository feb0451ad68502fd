"""How pages with schema.org Datasets and their sitemaps are recognised from outside."""

from __future__ import annotations

import re

from harvester.spiders.base.detection import LIKELY, Detection, Probe, ProbeResponse, TypeProbes
from harvester.spiders.base.probe_reading import local_name, root_of

__all__ = ["PROBES", "schema_org", "sitemap"]


def sitemap(seen: ProbeResponse) -> Detection | None:
    """Return a "sitemap" detection if the response ``seen`` is a sitemap or sitemap index, else None.

    The confidence is low, because its pages may not describe datasets.
    """
    root = root_of(seen)
    if root is None or local_name(root) not in ("urlset", "sitemapindex"):
        return None
    what = "pages" if local_name(root) == "urlset" else "sitemaps"
    return Detection(
        "sitemap", 0.2, None, f"a sitemap of {len(root):,} {what}; whether they describe datasets is not known"
    )


_SCRIPT = re.compile(rb"(?i)<script\b[^<>]*>")


_DATASET = re.compile(rb'"@type"\s*:\s*(?:\[\s*)?"(?:schema:|https?://schema\.org/)?Dataset"')


def _ld_json(body: bytes) -> list[bytes]:
    """Return the JSON-LD blocks of a page, in one pass and in linear time, even for a page of a million open tags."""
    found, low, after = [], body.lower(), 0
    for tag in _SCRIPT.finditer(body):
        if tag.start() < after or b"application/ld+json" not in tag[0].lower():
            continue
        after = low.find(b"</script", tag.end())
        if after < 0:
            break
        found.append(body[tag.end() : after])
    return found


def schema_org(seen: ProbeResponse) -> Detection | None:
    """Return a "sitemap" detection if the response ``seen`` describes a schema.org Dataset in JSON-LD, else None.

    The response may be a web page or a JSON-LD document.
    """
    parts = _ld_json(seen.body) or ([seen.body] if seen.body.lstrip()[:1] in (b"{", b"[") else [])
    if any(b"schema.org" in part and _DATASET.search(part) for part in parts):
        return Detection("sitemap", LIKELY, None, "a page with a schema.org Dataset")
    return None


PROBES = TypeProbes(
    probes=(Probe(180, "/sitemap.xml", sitemap),),
    recognisers=(
        (210, sitemap),
        (240, schema_org),
    ),
)
