"""Decide whether a value in the catalogue comes from what a record states; and read the labels of records."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from facts_finder import Leaf

LANGUAGES = {
    "de": "ger deu german deutsch", "en": "eng english", "fr": "fre fra french français", "it": "ita italian italiano",
    "es": "spa spanish español", "ja": "jpn japanese 日本語", "nl": "dut nld dutch", "pt": "por portuguese",
    "sv": "swe swedish", "cy": "wel cym welsh", "rm": "roh", "da": "dan danish", "fi": "fin finnish",
    "pl": "pol polish",
}  # fmt: skip
SERVICES = re.compile(
    r"wms|wfs|wcs|wmts|\bapi\b|rest\b|sparql|ogc:|service|arcgis|esri|opendap|thredds|csw|sos\b", re.I
)
SCHEME = re.compile(r"^(mailto:|https?://|relative:)", re.I)
MONTHS = {"janfebmaraprmayjunjulaugsepoctnovdec"[3 * n : 3 * n + 3]: n + 1 for n in range(12)}


@dataclass(frozen=True, slots=True)
class Label:
    """Where a labelled record states a fact: the best places, and others that state it less well."""

    best: tuple[str, ...]
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Labelled:
    recording: str
    record: str
    facts: dict[str, Label] = field(default_factory=dict)


def read_labels(path: Path) -> list[Labelled]:
    found = []
    for line in path.read_text("utf-8").splitlines() if path.is_file() else []:
        row = json.loads(line)
        facts = {
            fact: Label(tuple(said)) if isinstance(said, list) else Label(tuple(said["best"]), tuple(said["also"]))
            for fact, said in row["facts"].items()
        }
        found.append(Labelled(row["recording"], row["record"], facts))
    return found


IDS = ("@id", "id", "dataset_id", "identifier", "uuid", "global_id", "globalId", "service", "resource", "@line", "url")


def identity(raw: Any) -> str:
    """Return a short hash of the record's own identifier, or of its title if it has none."""
    own: object = None
    if isinstance(raw, str):
        for name in ("fileIdentifier|metadataIdentifier|identifier", "title"):
            if found := re.search(rf"<(?:\w+:)?(?:{name})\b.*?>([^<>]*\w[^<>]*)<", raw, re.S):
                own = " ".join(found[1].split())
                break
    else:
        own = next((raw[key] for key in IDS if raw.get(key)), None)
        if isinstance(own, dict):
            own = own.get("id")
        if not own or str(own).startswith("_:"):
            own = next((raw[key] for key in ("dct:identifier", "title", "dct:title") if raw.get(key)), "")
            own = own[0].get("@value") if isinstance(own, list) else own
    text = re.sub(r"http://127\.0\.0\.1:\d+", "", str(own))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@lru_cache(maxsize=10_000)
def pattern(path: str) -> re.Pattern[str]:
    """Return a pattern for a path: ``*`` is one step, ``//`` any number; a step without index matches each of that
    name.

    Everything below the path matches too.
    """
    steps = []
    for step in path.lstrip("/").split("/") if not path.startswith("//") else ["", *path[2:].split("/")]:
        if step == "":
            steps.append(r"(?:/[^/]+)*")
        elif step == "*":
            steps.append(r"/[^/]+")
        else:
            steps.append("/" + re.escape(step) + ("" if step.endswith("]") else r"(?:\[\d+\])?"))
    return re.compile("".join(steps) + r"(?:/.*)?$")


def at(leaves: Iterable[Leaf], paths: Iterable[str]) -> list[Leaf]:
    patterns = [pattern(path) for path in paths]
    return [leaf for leaf in leaves if any(one.match(leaf.path) for one in patterns)]


def fold(text: str) -> str:
    return re.sub(r"\W+|_", "", text.casefold())


@lru_cache(maxsize=100_000)
def days(text: str) -> frozenset[str]:
    """Return the dates in a text as YYYY, YYYY-MM or YYYY-MM-DD."""
    import datetime as dt

    if re.fullmatch(r"-?\d{9,13}", text):
        try:
            at_ = dt.datetime.fromtimestamp(int(text) / (1000 if len(text.lstrip("-")) > 10 else 1), dt.UTC)
            return frozenset([at_.date().isoformat(), str(at_.year)])
        except (ValueError, OverflowError):
            return frozenset()
    if epochs := re.findall(r"\b\d{12,13}\b", text):
        return frozenset(day for one in epochs for day in days(one))
    found = {f"{y}-{m}-{d}" for y, m, d in re.findall(r"\b(\d{4})-?(\d\d)-?(\d\d)(?!\d)", text)}
    found |= {f"{y}-{int(m):02}-{int(d):02}" for y, m, d in re.findall(r"\b(\d{4})/(\d{1,2})/(\d{1,2})\b", text)}
    for a, b, year in re.findall(r"\b(\d{1,2})[./-](\d{1,2})[./-](\d{4})\b", text):
        found |= {f"{year}-{int(m):02}-{int(d):02}" for d, m in ((a, b), (b, a)) if int(m) <= 12}
    for d, name, y in re.findall(r"\b(\d{1,2})?\s?([A-Za-z]{3})[a-z]*\.? (\d{4})\b", text):
        if name.lower() in MONTHS:
            found.add(f"{y}-{MONTHS[name.lower()]:02}" + (f"-{int(d):02}" if d else ""))
    for year, short in re.findall(r"(?<!\d)(\d{4})\s?[/–]\s?(\d\d)(?!\d)", text):
        found |= {year, year[:2] + short}
    if len(text) > 30:
        # Prose, in which one end may be a day and the other a year.
        found |= set(re.findall(r"(?<!\d)(\d{4})(?!\d)", text))
    if not found:
        found = {f"{y}-{m}" for y, m in re.findall(r"\b(\d{4})-(\d\d)(?!\d)", text)}
        found |= set(re.findall(r"(?<!\d)(\d{4})(?!\d)", text))
        found |= {f"{y}-{m}" for y, m in re.findall(r"^(\d{4})(\d\d)$", text)}
    return frozenset(found)


def same_day(held: str, raw: Iterable[str]) -> bool:
    mine = days(held)
    theirs = {day for one in raw for day in days(one)}
    return any(a.startswith(b) or b.startswith(a) for a in mine for b in theirs)


def numbers(text: str) -> set[float]:
    return {round(float(one), 2) for one in re.findall(r"-?\d+(?:\.\d+)?(?:[eE]-?\d+)?", text)}


def from_mercator(metres: float) -> set[float]:
    """Return the degrees of longitude and latitude that a coordinate of Web Mercator may mean."""
    east = metres / 20_037_508.342789244
    north = 2 * math.atan(math.exp(max(-1.5, min(1.5, east)) * math.pi)) - math.pi / 2
    return {round(180 * east, 2), round(math.degrees(north), 2)}


def language(text: str) -> str:
    last = re.split(r"[/#]", text.strip().rstrip("/"))[-1].casefold()
    last = re.split(r"[-_;, (]", last)[0]
    return next((code for code, names in LANGUAGES.items() if last == code or last in names.split()), last)


def named(text: str) -> set[str]:
    """Return the words of a text, and its parts between commas."""
    return {fold(one) for one in re.split(r"[\s,;:()/]+", text) + re.split(r"[,;|]", text)}


def same_format(held: str, raw: str) -> bool:
    """Return whether the formats are equal, or one is a word or the last step of an address in the other."""
    mine, theirs = fold(held), fold(raw)
    if mine == theirs or (len(mine) > 2 and theirs.startswith(mine)) or (len(theirs) > 2 and mine.startswith(theirs)):
        return True
    last = re.split(r"[/#]", raw.rstrip("/"))
    if raw.startswith("http"):
        return mine in (fold(last[-1]), fold("".join(last[-2:])))
    return mine in named(raw) or theirs in named(held)


def stems(fact: str, held: str, leaves: list[Leaf]) -> bool:
    """Return whether the text of a column comes from one of these values."""
    raw = [leaf.value for leaf in leaves]
    if fact in ("issued", "modified", "record_modified", "temporal"):
        return same_day(held, raw) if days(held) else held in raw
    if fact == "languages":
        return language(held) in {language(part) for one in raw for part in re.split(r"[\s,;\[\]\"']+", one) if part}
    if fact == "spatial":
        mine = numbers(held)
        theirs = {number for one in raw for number in numbers(one)}
        theirs |= {degree for number in theirs if abs(number) > 1_000 for degree in from_mercator(number)}
        if len(mine) >= 2 and sum(any(abs(a - b) <= 0.02 for b in theirs) for a in mine) >= 0.9 * len(mine):
            return True
    if fact == "frequency" and re.fullmatch(r"P[T\d]\w*", held):
        # OWL-Time states a duration by its unit: time:years 1.
        units = [leaf for leaf in leaves if re.search(r"time:(year|month|week|day|hour)s", leaf.path)]
        if any(leaf.value in re.findall(r"\d+", held) for leaf in units):
            return True
    if fact == "format":
        return any(same_format(held, one) for one in raw)
    mine_text = fold(SCHEME.sub("", held))
    for one in raw:
        other = fold(SCHEME.sub("", one))
        if mine_text == other or (
            min(len(mine_text), len(other)) >= 2 and (mine_text in other or (len(other) > 3 and other in mine_text))
        ):
            return True
        last = fold(re.split(r"[/#]", one.rstrip("/"))[-1])
        if one.startswith("http") and len(last) > 1 and last == fold(re.split(r"[/#]", held.rstrip("/"))[-1]):
            return True
    return False
