"""Hostile packages: markup, formulas, paths, control characters, huge sizes, and addresses that must not be followed.

Only hostile records are here; hostile responses are in :mod:`harvester.demo.behaviours`.
"""

from __future__ import annotations

from harvester.demo.sites import Desk, Json, Organisation, licence

__all__ = ["DROP_TABLE", "FORMULA", "MARKUP", "NOISE", "TRAVERSAL", "hostile_packages"]

MARKUP = "<script>alert(1)</script>"
FORMULA = '=HYPERLINK("http://evil.example","x")'
DROP_TABLE = "'; DROP TABLE datasets;--"
TRAVERSAL = "../../etc/passwd"
NOISE = "Roads\x00 and\x07 bridges\x1b[31m \u202egnp.svc\u202c \ufeff\u200b"
"""NUL, bell, an escape sequence, a right-to-left override, a stray byte-order mark and a zero-width space."""

WORKS = Organisation("public-works", f"Public works {MARKUP}", 'data@works.example.org"><img src=x onerror=alert(1)>')

ADDRESSES = (
    "http://169.254.169.254/latest/meta-data/",
    "http://10.0.0.1/",
    "file:///etc/passwd",
    "javascript:alert(1)",
)
"""A cloud's metadata service, an intranet, a local file, a script."""


def hostile_packages(desk: Desk) -> list[Json]:
    """Return five CKAN packages with hostile content, such as scripts in titles and paths in ids. A reader that fails
    on one of them must still read the others. ``desk`` makes the packages."""
    put, res = desk.package, desk.resource
    sentence = f"Bridges, culverts and tunnels; {MARKUP} <img src=x onerror=alert(1)> [x](javascript:alert(1)). "
    long = (sentence * (20_000 // len(sentence) + 1))[:20_000]
    return [
        put("hostile-markup", MARKUP, long, res("traversal.csv", "CSV", title=FORMULA, description=MARKUP), by=WORKS,
            under=licence("other-open", f"{FORMULA}{MARKUP}", "javascript:alert(1)"),
            tags=tuple(f"keyword-{n:03d}" for n in range(498)) + (FORMULA, MARKUP),
            url="javascript:alert(1)"),
        put("hostile-formula", FORMULA, "@SUM(1+1)*cmd|' /C calc'!A0", res("traversal.csv", "CSV"), by=WORKS),
        put("hostile-sql", DROP_TABLE, NOISE, res("traversal.csv", FORMULA, title=NOISE), by=WORKS, id=TRAVERSAL,
            tags=(DROP_TABLE, NOISE)),
        put("hostile-addresses", "Bridges: maps elsewhere", "Addresses nobody may follow.",
            *(res(f"link {n}", "CSV", url=url) for n, url in enumerate(ADDRESSES, 1)),
            res("to-intranet.csv", "CSV"), by=WORKS),
        put("hostile-bodies", NOISE, "Responses that never end, or only when unpacked.",
            *(res(name, "CSV") for name in ("bomb.csv", "bomb.csv.gz", "endless.csv", "drip.csv")), by=WORKS),
    ]  # fmt: skip
