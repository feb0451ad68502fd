"""The site for programs: graphs of single things, the catalogue page by page, and what changed in it."""
