"""Find the group of a robots.txt that applies to Winnow, and the default texts of portal software.

Each file here holds the robots.txt that one software ships, as published, with versions and source. A portal that
serves one of them unchanged has not written it; see ``obey_robots`` in :mod:`specs.portals`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from specs.errors import Strict, parse, read_toml

__all__ = ["AGENT", "Group", "Template", "group_for_us", "template_of", "templates"]

AGENT = "winnow"
"""The product token by which a robots.txt may name this program (RFC 9309 §2.2.1). Case does not matter."""

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=False)]


class _Template(Strict):
    versions: str
    source: Annotated[str, StringConstraints(pattern=r"^https://")]
    """The page where the text is published."""
    text: Text


class _File(Strict):
    software: str
    types: Annotated[tuple[str, ...], Field(min_length=1)]
    """Portal types of the software."""
    template: Annotated[tuple[_Template, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Group:
    """The rules of a robots.txt that apply to Winnow.

    If several groups of the file name the same user agent, they are merged (RFC 9309 §2.2.1).
    """

    lines: tuple[tuple[str, str], ...]
    """(field, value), fields in lower case; without Sitemap, comments, and what no parser reads."""
    is_named: bool
    """True if the group names Winnow; False if it is the group of all robots."""

    def as_text(self) -> str:
        """Return the text of a robots.txt in which these rules apply to all robots."""
        return "\n".join(["User-agent: *", *(f"{name}: {value}" for name, value in self.lines)])


@dataclass(frozen=True, slots=True)
class Template:
    """The unedited robots.txt that comes with certain versions of a portal software.

    ``types``: the portal types of the software. ``source``: address of the page where the text is published. ``rules``:
    its rules that apply to Winnow, as pairs such as ("disallow", "/api/").
    """

    software: str
    versions: str
    source: str
    types: tuple[str, ...]
    rules: frozenset[tuple[str, str]]


_FIELDS = {
    "useragent": "user-agent", "disalow": "disallow", "dissallow": "disallow", "dissalow": "disallow",
    "diasllow": "disallow", "disallaw": "disallow", "crawldelay": "crawl-delay", "sitemaps": "sitemap",
    "site-map": "sitemap",
}  # fmt: skip
"""Misspellings that parsers accept."""
_KNOWN = ("user-agent", "allow", "disallow", "crawl-delay", "request-rate", "visit-time", "sitemap", "host")


def _directive(line: str) -> tuple[str, str] | None:
    """Return the (field, value) of a line; None for comments and lines without a directive."""
    line = line.partition("#")[0].strip()
    if ":" in line:
        name, _, value = line.partition(":")
    elif (words := line.split(None, 1)) and len(words) == 2 and words[0].lower() in _KNOWN:
        name, value = words
    else:
        return None
    name = re.sub(r"[\s_]+", "-", name.strip().lower())
    name = _FIELDS.get(name, _FIELDS.get(name.replace("-", ""), name))
    return name, value.strip()


def group_for_us(text: str) -> Group:
    """Return the rules in ``text``, a robots.txt, that apply to Winnow: those of the groups that name Winnow, or else
    those for all robots ("*").

    A group extends from its User-agent lines to the next ones. Rules before the first group apply to nobody.
    """
    groups: dict[str, list[tuple[str, str]]] = {}
    current: list[list[tuple[str, str]]] = []
    is_open = False
    for line in text.removeprefix("\ufeff").splitlines():
        found = _directive(line)
        if found is None or found[0] == "sitemap":
            continue
        name, value = found
        if name == "user-agent":
            current = current if is_open else []
            current.append(groups.setdefault(_token(value), []))
            is_open = True
            continue
        is_open = False
        for rules in current:
            rules.append((name, value))
    named = groups.get(AGENT)
    return Group(tuple(named if named is not None else groups.get("*", ())), named is not None)


def _token(value: str) -> str:
    """Return the product token of a User-agent line: "Winnow/1.0" and "Winnow*" name Winnow."""
    word = value.strip().lower()
    return "*" if word == "*" else re.split(r"[/\s*]", word, maxsplit=1)[0]


def _rules(group: Group) -> frozenset[tuple[str, str]]:
    """Return the rules as a set, since neither order nor repetition matters. An empty Disallow forbids nothing."""
    return frozenset((name, _number(value)) for name, value in group.lines if (name, value) != ("disallow", ""))


def _number(value: str) -> str:
    return value.removesuffix(".0") if re.fullmatch(r"\d+\.0", value) else value


@lru_cache(maxsize=1)
def templates() -> tuple[Template, ...]:
    """Return the robots.txt texts that portal software comes with. Raise SpecError if a file of this folder is
    invalid."""
    found = []
    for path in sorted(Path(__file__).parent.glob("*.toml")):
        file = parse(_File, read_toml(path), str(path))
        found += [
            Template(file.software, one.versions, one.source, file.types, _rules(group_for_us(one.text)))
            for one in file.template
        ]
    return tuple(found)


def template_of(group: Group, portal_type: str | None = None) -> Template | None:
    """Return the robots.txt of a portal software whose rules equal ``group``; None if there is none, or if ``group``
    names Winnow.

    If there is one, the operator of the portal has not edited the file that came with the software: a single different
    rule or number means that somebody did. ``portal_type``: compare only with software of this portal type; None
    compares with all.
    """
    if group.is_named:
        return None
    rules = _rules(group)
    fitting = (one for one in templates() if portal_type is None or portal_type in one.types)
    return next((one for one in fitting if one.rules == rules), None)
