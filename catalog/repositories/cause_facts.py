"""Read the standing findings of a portal as arrays of integers, with what they may have in common."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from catalog.db.interned import texts_of_keys
from catalog.db.schema.views import OPEN, STANDING, address, is_current, state_in
from catalog.db.store import Catalog

__all__ = ["CauseFacts", "Codes", "cause_facts", "host_of", "pattern_of"]

Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]
_CHUNK = 20_000
_HEX = re.compile(r"(?i)[0-9a-f]{8,}(-[0-9a-f]{4,})*")
_DIGITS = re.compile(r"[0-9]+")
_END = re.compile(r"[/?#\\]")
_PORT = re.compile(r":[0-9]*$")


@dataclass(frozen=True, slots=True)
class Codes:
    """One text for each finding, dataset or file, such as a host, where each different text is stored only once.

    ``names``: the different texts. ``codes``: for item number n the index of its text in ``names``, so
    ``names[codes[n]]`` is the text; -1 if the item has no text.
    """

    codes: Numbers
    names: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseFacts:
    """The findings of a portal that have not ended (new, open, disputed or waived), with its scored datasets and files.

    Everything is held in arrays: one entry for each finding, with the shape (findings,), or for each dataset or file,
    with the shape (datasets,) or (files,). "Index of" means a position in another of these arrays or lists.
    """

    number: Numbers
    """The integer key of each finding."""
    rule: Numbers
    """Index of its rule in ``rules``."""
    dataset: Numbers
    """Index of its dataset."""
    file: Numbers
    """Index of its file; -1 where the finding is about the dataset."""
    split: Numbers
    """Index in ``splits`` of what divides the findings of its rule (value, fault or defect)."""
    gain: NDArray[np.float64]
    """Points of the dataset's score that fixing it alone brings; 0 where unknown."""
    is_open: Flags
    """Whether it is new or open; the others are disputed or waived."""
    rules: Sequence[str]
    splits: Sequence[str]
    dataset_key: Numbers
    """Row id of each dataset, ascending; it holds for this opening of the catalogue only."""
    dataset_id: Sequence[str]
    file_key: Numbers
    """Row id of each file, ascending."""
    publisher: Codes
    source: Codes
    """The harvest source that each dataset's record came from."""
    dataset_host: Codes
    """The server of each dataset's first file."""
    file_dataset: Numbers
    """Index of the dataset of each file."""
    host: Codes
    """The server of each file."""
    format: Codes
    """The format declared for each file."""
    written: Codes
    """The day on which each file's record says that it was last written: the later of its dates of issue and change."""
    pattern: Codes
    """Host and form of the address of each file; filled only where addresses fail."""
    applies: Mapping[str, Flags]
    """By rule that has findings: which datasets or files it applies to and was measured for."""


def host_of(url: str | None) -> str:
    """Return the host of a web address in lower case, without ``www.`` and port; "" if there is none.

    >>> host_of("https://WWW.example.org:8080/a.csv")
    'example.org'
    """
    _, _, rest = (url or "").partition("://")
    host = _END.split(rest, maxsplit=1)[0]
    if "@" in host or ":" in host:
        # Only a trailing number is a port: an IPv6 address keeps its colons within brackets.
        host = _PORT.sub("", host.rsplit("@", 1)[-1])
    return host.lower().removeprefix("www.")


def pattern_of(url: str) -> str:
    """Return a form of an address that is equal for addresses made by the same rule; "" if it is not a valid address.

    It consists of the host, the first four folders, the extension of the file and the names of the parameters. Numbers
    become "#", and hexadecimal keys and the name of the file "*".

    >>> pattern_of("https://data.example.org/dump/2024/a1b2c3d4e5.csv?bom=1")
    'data.example.org/dump/#/*.csv?bom'
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    folders = [_DIGITS.sub("#", _HEX.sub("*", part)) for part in parts.path.split("/")[1:]]
    name = folders.pop() if folders else ""
    ending = f".{name.rsplit('.', 1)[1].lower()}" if "." in name else ""
    names = sorted({_DIGITS.sub("#", pair.split("=", 1)[0]) for pair in parts.query.split("&") if pair})
    query = f"?{'&'.join(names)}" if names else ""
    return "/".join((host_of(url), *folders[:4], f"*{ending}")) + query


def cause_facts(
    catalog: Catalog, portal_id: str, splits: Mapping[str, str | None], *, with_patterns: Iterable[str] = ()
) -> CauseFacts:
    """Return the findings of a portal that have not ended, with all that findings of one cause may have in common.

    Only findings about scored datasets and current distributions are returned. ``splits``: the rules whose findings are
    wanted, each with the property by which its findings are divided before causes are looked for: "value", "fault",
    "defect", "format", "text" or None. ``with_patterns``: rules for whose findings the field ``pattern`` is filled in,
    see :func:`pattern_of`.
    """
    rules = list(splits)
    datasets = catalog.db.conn.execute(
        """select d.rowid, d.id, k.key, coalesce(q.publisher_id, ''), coalesce(d.harvested_from, '')
           from dataset_quality q join datasets d on d.id = q.dataset_id left join keys k on k.id = d.id
           where q.portal_id = ? order by d.rowid""",
        [portal_id],
    ).fetchall()
    key = np.array([row[0] for row in datasets], dtype=np.int64)
    found, texts = _findings(catalog, portal_id, splits)
    needs = set(with_patterns)
    files = _Files(key)
    files.read(catalog, portal_id, keep_urls=bool(needs & {rules[at] for at in set(found["rule"].tolist())}))
    dataset = _lookup([row[2] for row in datasets], found["dataset"])
    file = _lookup(files.stored_key, found["file"])
    # A finding about a retired file, or about a dataset that is not scored, has ended or ends now.
    is_usable = (dataset >= 0) & ((found["file"] < 0) | (file >= 0))
    failing = is_usable & (file >= 0) & np.isin(found["rule"], [rules.index(rule) for rule in needs if rule in splits])
    return CauseFacts(
        number=found["number"][is_usable],
        rule=found["rule"][is_usable],
        dataset=dataset[is_usable],
        file=file[is_usable],
        split=found["split"][is_usable],
        gain=found["gain"][is_usable],
        is_open=found["is_open"][is_usable].astype(bool),
        rules=rules,
        splits=texts,
        dataset_key=key,
        dataset_id=[row[1] for row in datasets],
        file_key=files.key,
        publisher=_codes(row[3] for row in datasets),
        source=_codes(row[4] for row in datasets),
        dataset_host=files.host_of_datasets(len(key)),
        file_dataset=files.dataset,
        host=files.host,
        format=files.format,
        written=files.written,
        pattern=files.patterns(file[failing]),
        applies=_applies(catalog, portal_id, [rules[at] for at in np.unique(found["rule"])], key, files.key),
    )


_SPLIT = {
    None: "0",
    # Keys of texts.
    "value": "coalesce(f.observed, 0)",
    "defect": "coalesce(f.field, 0)",
    # Texts. What a server says: the fault and the status of the last check of the address.
    "fault": f"""coalesce((select trim(coalesce(r.fault, '') || ' ' || coalesce(r.status, '')) from resource_checks r
                where r.url = coalesce(nullif(f.resource_url, ''), {address("x")})),
                (select text from finding_texts where key = f.observed), '')""",
    "format": "coalesce(trim(x.format), '')",
    "text": "coalesce(trim(d.description), '')",
}
"""SQL: what divides the findings of a rule, by the name of the split."""
_JOINS = {
    "fault": "left join keys k on k.key = f.distribution_key left join distributions x on x.id = k.id",
    "format": "left join keys k on k.key = f.distribution_key left join distributions x on x.id = k.id",
    "text": "left join keys k on k.key = f.dataset_key left join datasets d on d.id = k.id",
}
_ROW = np.dtype(
    [
        ("number", np.int64), ("rule", np.int64), ("dataset", np.int64), ("file", np.int64), ("gain", np.float64),
        ("is_open", np.int64), ("split", np.int64),
    ]
)  # fmt: skip


def _findings(catalog: Catalog, portal_id: str, splits: Mapping[str, str | None]) -> tuple[NDArray[Any], list[str]]:
    """Return the standing findings of the rules in ``splits`` as rows of numbers, and the texts that divide them.

    Datasets and files are numbers of the table ``keys`` (-1 for no file), rules and splits are indexes.
    """
    number_of = {rule: number for number, rule in enumerate(splits)}
    stored = catalog.rows("select key, rule_id from rules")
    rule_at = {row["key"]: number_of[row["rule_id"]] for row in stored if row["rule_id"] in number_of}
    texts: dict[str, int] = {"": 0}
    parts = []
    for split in sorted(set(splits.values()), key=str):
        keys = [row["key"] for row in stored if row["rule_id"] in splits and splits[row["rule_id"]] == split]
        # Only constants of ours are inserted into the text.
        cursor = catalog.db.conn.execute(
            f"""select f.key, f.rule_key, coalesce(f.dataset_key, -1), coalesce(f.distribution_key, -1),
                  coalesce(f.gain_points, 0.0), {state_in(OPEN)}, {_SPLIT[split]}
                from finding_rows f {_JOINS.get(split or "", "")}
                where f.portal_key = (select key from keys where id = ?) and {state_in(STANDING)}
                  and f.rule_key in (select value from json_each(?)) order by f.key""",
            [portal_id, json.dumps(keys)],
        )
        rows: Iterable[tuple[Any, ...]] = cursor
        if split in _JOINS:
            rows = ((*row[:-1], texts.setdefault(row[-1], len(texts))) for row in cursor)
        part = np.fromiter(rows, dtype=_ROW)
        if split in ("value", "defect"):
            said = texts_of_keys(catalog.db.conn, set(part["split"].tolist()) - {0})
            codes = {at: texts.setdefault(text or "", len(texts)) for at, text in said.items() if at is not None}
            part["split"] = [codes.get(at, 0) for at in part["split"].tolist()]
        parts.append(part)
    found = np.concatenate(parts) if parts else np.zeros(0, dtype=_ROW)
    if len(found):
        at = np.zeros(1 + max(rule_at), dtype=np.int64)
        at[list(rule_at)] = list(rule_at.values())
        found["rule"] = at[found["rule"]]
    return found, list(texts)


class _Files:
    """The files of a portal's scored datasets: keys, datasets, hosts, formats, and addresses where they are needed."""

    def __init__(self, datasets: Numbers) -> None:
        self._datasets = datasets
        self._urls: list[str] = []

    def read(self, catalog: Catalog, portal_id: str, *, keep_urls: bool) -> None:
        """Read the files that are not retired, in the order of their row ids."""
        cursor = catalog.db.conn.execute(
            f"""select x.rowid, k.key, d.rowid, {address("x")}, upper(coalesce(q.format_declared, x.format, '')),
                  substr(max(coalesce(x.issued, ''), coalesce(x.modified, '')), 1, 10)
                from distribution_quality q join distributions x on x.id = q.distribution_id
                join datasets d on d.id = q.dataset_id left join keys k on k.id = x.id
                where q.portal_id = ? and {is_current("x")} order by x.rowid""",  # constants of ours
            [portal_id],
        )
        keys: list[int] = []
        self.stored_key: list[int | None] = []
        datasets: list[int] = []
        hosts, formats, days = _Coder(), _Coder(), _Coder()
        while rows := cursor.fetchmany(_CHUNK):
            for key, stored, dataset, url, fmt, day in rows:
                keys.append(key)
                self.stored_key.append(stored)
                datasets.append(dataset)
                hosts.add(host_of(url))
                formats.add(fmt)
                days.add(day if len(day) == 10 else "")
            if keep_urls:
                self._urls += [row[3] or "" for row in rows]
        self.key = np.array(keys, dtype=np.int64)
        self.dataset = _position(self._datasets, np.array(datasets, dtype=np.int64))
        self.host, self.format, self.written = hosts.codes(), formats.codes(), days.codes()

    def host_of_datasets(self, datasets: int) -> Codes:
        """Return the server of each dataset's first file."""
        found = np.full(datasets, -1, dtype=np.int64)
        # Assigned backwards, so that the first file of each dataset counts.
        found[self.dataset[::-1]] = self.host.codes[::-1]
        return Codes(found, self.host.names)

    def patterns(self, failing: Numbers) -> Codes:
        """Return the form of each address on the hosts of the files ``failing``; other files have none."""
        is_wanted = np.zeros(len(self.host.names) + 1, dtype=bool)
        is_wanted[self.host.codes[failing]] = True
        is_wanted[-1] = False
        if not self._urls or not is_wanted.any():
            return Codes(np.full(len(self.key), -1, dtype=np.int64), [])
        flags = is_wanted[self.host.codes].tolist()
        return _codes(pattern_of(url) if flag else "" for url, flag in zip(self._urls, flags, strict=True))


class _Coder:
    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._codes: list[int] = []

    def add(self, text: str) -> None:
        self._codes.append(self._numbers.setdefault(text, len(self._numbers)) if text else -1)

    def codes(self) -> Codes:
        return Codes(np.array(self._codes, dtype=np.int64), list(self._numbers))


def _codes(texts: Iterable[str]) -> Codes:
    coder = _Coder()
    for text in texts:
        coder.add(text)
    return coder.codes()


def _position(keys: Numbers, wanted: Numbers) -> Numbers:
    """Return the index of each wanted key in the ascending ``keys``; -1 where it is not there."""
    if not len(keys):
        return np.full(len(wanted), -1, dtype=np.int64)
    at = np.searchsorted(keys, wanted)
    at[at == len(keys)] = 0
    return np.where(keys[at] == wanted, at, -1)


def _lookup(keys: Sequence[int | None], wanted: Numbers) -> Numbers:
    """Return the index in ``keys`` of each wanted key; -1 where it is not there. Keys are small numbers from 1."""
    known = np.array([-1 if key is None else key for key in keys], dtype=np.int64)
    found = np.full(2 + max(known.max(initial=0), wanted.max(initial=0)), -1, dtype=np.int64)
    found[known[known >= 0]] = np.flatnonzero(known >= 0)
    return np.asarray(found[wanted])


def _applies(
    catalog: Catalog, portal_id: str, rules: Sequence[str], datasets: Numbers, files: Numbers
) -> dict[str, Flags]:
    found: dict[str, Flags] = {}
    for table, key, rows in (
        ("dataset_quality", "select rowid from datasets where id = q.dataset_id", datasets),
        ("distribution_quality", "select rowid from distributions where id = q.distribution_id", files),
    ):
        there = set(catalog.db.table(table).columns_dict)
        chosen = [rule for rule in rules if rule in there]
        flags = np.zeros((len(rows), len(chosen)), dtype=bool)
        columns = ", ".join(f"q.[{rule}] is not null" for rule in chosen)
        # Only names of the schema are inserted into the text.
        sql = f"select ({key}), {columns} from {table} q where q.portal_id = ?"
        cursor = catalog.db.conn.execute(sql, [portal_id]) if chosen else None
        while cursor and (chunk := cursor.fetchmany(_CHUNK)):
            table_of = np.array(chunk, dtype=np.int64)
            at = _position(rows, table_of[:, 0])
            flags[at[at >= 0]] = table_of[at >= 0, 1:] != 0
        found |= {rule: flags[:, number] for number, rule in enumerate(chosen)}
    return found
