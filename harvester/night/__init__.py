"""The night: its stages, the crawl of all portals, the verdict on each, and how they are interrupted."""
