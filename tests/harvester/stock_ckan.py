"""A CKAN as it comes out of the box, to its robots.txt."""

from __future__ import annotations

__all__ = ["CONTACT", "ROBOTS", "SEARCH"]

SEARCH = "/api/3/action/package_search"
CONTACT = "data-desk@example.org"
ROBOTS = """User-agent: *
Disallow: /dataset/rate/
Disallow: /revision/
Disallow: /dataset/*/history
Disallow: /api/
Crawl-Delay: 10
"""
