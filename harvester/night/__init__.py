"""The night: its stages, the crawl of all portals, each portal's verdict, and what ends them."""
