"""Reading loosely typed JSON; the functions stand in ``harvester.facts.values``."""

from __future__ import annotations

from harvester.facts.values import absolute, email, first, host_of, is_language_map, json_text, names, text, texts

__all__ = ["absolute", "email", "first", "host_of", "is_language_map", "json_text", "names", "text", "texts"]
