"""Read the standing findings of a portal as arrays of integers, with what they may have in common."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from catalog.db.schema.views import OPEN, STANDING, address, is_current, state_in
from catalog.db.store import Catalog
from catalog.repositories.finding_keys import NUMBER

__all__ = ["CauseFacts", "Codes", "cause_facts", "host_of", "pattern_of"]

Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]
_CHUNK = 20_000
_HEX = re.compile(r"(?i)[0-9a-f]{8,}(-[0-9a-f]{4,})*")
_DIGITS = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class Codes:
    """One text for each finding, dataset or file, stored as the number of that text in a list without repetitions.

    ``names[codes[n]]`` is the text of number n; the code -1 stands for no text.
    """

    codes: Numbers
    names: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseFacts:
    """The standing findings of a portal, and its scored datasets and files, as arrays.

    Arrays over findings have the shape (findings,), those over datasets or files (datasets,) or (files,).
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
    """Row id of each dataset, ascending."""
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
    """By rule: which datasets or files it applies to and was measured for."""


def host_of(url: str | None) -> str:
    """Return the host of a web address in lower case, without ``www.`` and port; "" if there is none.

    >>> host_of("https://WWW.example.org:8080/a.csv")
    'example.org'
    """
    if not url or "://" not in url:
        return ""
    rest = url.split("://", 1)[1]
    host = re.split(r"[/?#\\]", rest, maxsplit=1)[0].rsplit("@", 1)[-1]
    # Only a trailing number is a port: an IPv6 address keeps its colons within brackets.
    return re.sub(r":[0-9]*$", "", host).lower().removeprefix("www.")


def pattern_of(url: str) -> str:
    """Return the form of an address: its host, its first folders without numbers and keys, and the names of its
    parameters.

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
    """Return the standing findings of a portal about its present datasets, with what they may have in common.

    ``splits``: the rules whose findings are wanted, each with what divides its findings: "value", "fault", "defect",
    "day", "text" or None. ``with_patterns``: rules whose findings need the form of the address.
    """
    rules = list(splits)
    run = catalog.db.conn.execute
    datasets = run(
        """select d.rowid, coalesce(q.publisher_id, ''), coalesce(d.harvested_from, '') from datasets d
           join dataset_quality q on q.dataset_id = d.id where q.portal_id = ? order by d.rowid""",
        [portal_id],
    ).fetchall()
    key = np.array([row[0] for row in datasets], dtype=np.int64)
    found = _findings(catalog, portal_id, splits)
    needs = set(with_patterns)
    files = _Files(key)
    files.read(catalog, portal_id, keep_urls=bool(needs & {rules[at] for at in set(found["rule"].tolist())}))
    dataset = _position(key, found["dataset"])
    file = np.where(found["file"] >= 0, _position(files.key, found["file"]), -1)
    # A finding about a retired file, or about a dataset that is not scored, has ended or ends now.
    is_usable = (dataset >= 0) & ((found["file"] < 0) | (file >= 0))
    texts: list[str] = found["texts"]
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
        file_key=files.key,
        publisher=_codes(row[1] for row in datasets),
        source=_codes(row[2] for row in datasets),
        dataset_host=files.host_of_datasets(len(key)),
        file_dataset=files.dataset,
        host=files.host,
        format=files.format,
        written=files.written,
        pattern=files.patterns(file[is_usable & np.isin(found["rule"], [rules.index(rule) for rule in needs])]),
        applies=_applies(catalog, portal_id, rules, key, files.key),
    )


_SPLIT = {
    "value": "coalesce(f.observed, '')",
    # What a server says: the fault and the status of the last check of the address.
    "fault": """coalesce((select coalesce(r.fault, '') || ' ' || coalesce(r.status, '') from resource_checks r
                where r.url = f.resource_url), f.observed, '')""",
    "defect": "coalesce(f.field, '')",
    # Day of the last change, as the sentence of the rule up_to_date says it.
    "day": "substr(f.observed, instr(f.observed, ' on ') + 4, 10)",
    "text": "coalesce(trim(d.description), '')",
}


def _findings(catalog: Catalog, portal_id: str, splits: Mapping[str, str | None]) -> dict[str, Any]:
    number_of = {rule: number for number, rule in enumerate(splits)}
    cases = []
    for kind, sql in _SPLIT.items():
        if chosen := [rule for rule, split in splits.items() if split == kind]:
            cases.append(f"when f.rule_id in ({_quoted(chosen)}) then {sql}")
    split = f"case {' '.join(cases)} else '' end" if cases else "''"
    # Only names of the schema, ids of metrics and constants of ours are inserted into the text.
    cursor = catalog.db.conn.execute(
        f"""select {NUMBER}, f.rule_id, d.rowid, coalesce(x.rowid, -1), {split}, coalesce(f.gain_points, 0.0),
              {state_in(OPEN)}
            from findings f join datasets d on d.id = f.dataset_id
            left join distributions x on x.id = f.distribution_id
            where f.portal_id = ? and {state_in(STANDING)} and f.rule_id in ({_quoted(splits)})
              and (f.distribution_id is null or x.id is not null)""",  # noqa: S608
        [portal_id],
    )
    texts: dict[str, int] = {"": 0}
    chunks: list[tuple[NDArray[Any], ...]] = []
    while rows := cursor.fetchmany(_CHUNK):
        number, rule, dataset, file, said, gain, is_open = zip(*rows, strict=True)
        chunks.append(
            (
                np.array(number, dtype=np.int64),
                np.array([number_of[one] for one in rule], dtype=np.int64),
                np.array(dataset, dtype=np.int64),
                np.array(file, dtype=np.int64),
                np.array([texts.setdefault(one, len(texts)) for one in said], dtype=np.int64),
                np.array(gain, dtype=np.float64),
                np.array(is_open, dtype=np.int64),
            )
        )
    names = ("number", "rule", "dataset", "file", "split", "gain", "is_open")
    empty = np.zeros(0, dtype=np.int64)
    joined: dict[str, Any] = {
        name: np.concatenate([chunk[at] for chunk in chunks]) if chunks else empty for at, name in enumerate(names)
    }
    return {**joined, "texts": list(texts)}


class _Files:
    """The files of a portal's scored datasets: keys, datasets, hosts, formats, and addresses where they are needed."""

    def __init__(self, datasets: Numbers) -> None:
        self._datasets = datasets
        self._urls: list[str] = []

    def read(self, catalog: Catalog, portal_id: str, *, keep_urls: bool) -> None:
        """Read the files that are not retired, in the order of their row ids."""
        cursor = catalog.db.conn.execute(
            f"""select x.rowid, d.rowid, {address("x")}, upper(coalesce(q.format_declared, x.format, '')),
                  substr(max(coalesce(x.issued, ''), coalesce(x.modified, '')), 1, 10)
                from distribution_quality q join distributions x on x.id = q.distribution_id
                join datasets d on d.id = q.dataset_id
                where q.portal_id = ? and {is_current("x")} order by x.rowid""",  # noqa: S608  # constants of ours
            [portal_id],
        )
        keys: list[int] = []
        datasets: list[int] = []
        hosts, formats, days = _Coder(), _Coder(), _Coder()
        while rows := cursor.fetchmany(_CHUNK):
            for key, dataset, url, fmt, day in rows:
                keys.append(key)
                datasets.append(dataset)
                hosts.add(host_of(url))
                formats.add(fmt)
                days.add(day if len(day) == 10 else "")
            if keep_urls:
                self._urls += [row[2] or "" for row in rows]
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


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


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
        sql = f"select ({key}), {columns} from {table} q where q.portal_id = ?"  # noqa: S608
        cursor = catalog.db.conn.execute(sql, [portal_id]) if chosen else None
        while cursor and (chunk := cursor.fetchmany(_CHUNK)):
            table_of = np.array(chunk, dtype=np.int64)
            at = _position(rows, table_of[:, 0])
            flags[at[at >= 0]] = table_of[at >= 0, 1:] != 0
        found |= {rule: flags[:, number] for number, rule in enumerate(chosen)}
    return found
