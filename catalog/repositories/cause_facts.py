"""Read the datasets and files of a portal as arrays, and its standing findings rule by rule.

They are what the search for causes needs. A cause is one fault, such as a broken server, that explains many findings. A
standing finding is one in the state new, open, disputed or waived.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from catalog.db.schema.views import address, is_current
from catalog.db.store import Catalog
from catalog.repositories.cause_findings import failing_files, findings_of_rule
from catalog.repositories.coded import Coder, Codes, Column, Flags, Numbers

__all__ = ["CauseFacts", "cause_facts", "host_of", "pattern_of"]

_CHUNK = 2_000
_HEX = re.compile(r"(?i)[0-9a-f]{8,}(-[0-9a-f]{4,})*")
_DIGITS = re.compile(r"[0-9]+")
_END = re.compile(r"[/?#\\]")
_PORT = re.compile(r":[0-9]*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseFacts:
    """Findings of a portal that are new, open, disputed or waived, with the portal's scored datasets and their files.

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
    """Index in ``splits`` of the text that divides the findings of its rule, see :func:`cause_facts`."""
    gain: NDArray[np.float64]
    """Points of the dataset's score that fixing it alone brings; 0 where unknown."""
    is_open: Flags
    """Whether it is new or open; the others are disputed or waived."""
    rules: Sequence[str]
    """Ids of the rules that have findings here."""
    splits: Sequence[str]
    """The different texts that divide the findings, such as kinds of error; the first is ""."""
    dataset_key: Numbers
    """Row id of each dataset, ascending; it holds for this opening of the catalogue only."""
    dataset_id: Sequence[str]
    file_key: Numbers
    """Number of each file in the table ``keys``, ascending."""
    publisher: Codes
    """The id of each dataset's publisher."""
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
    """Form of the address of each file, see :func:`pattern_of`. It is filled only for files on hosts on which a file
    has a finding of a rule in ``with_patterns``, see :func:`cause_facts`."""
    applies: Mapping[str, Flags]
    """By rule that has findings: for which datasets, or for which files if it is a rule about files, it was measured,
    with the shape (datasets,) or (files,)."""


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
    """Return a form of an address that is equal for addresses made by the same rule; "" if
    :func:`urllib.parse.urlsplit` rejects it.

    It consists of the host, the first four folders, the extension of the file and the names of the parameters, sorted.
    In folders and names of parameters, digits in a row become "#". In folders, hexadecimal keys of eight digits or more
    become "*". The name of the file, without its extension, becomes "*".

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
) -> Iterator[CauseFacts]:
    """Yield the findings of a portal that are new, open, disputed or waived: one object for each rule, with all that
    findings of one cause may have in common.

    Only findings about scored datasets and current distributions are given, and only rules that have such findings. One
    rule is held in memory at a time; the arrays of datasets and files are the same in all that is yielded.

    ``splits``: the rules whose findings are wanted, each with the property by which its findings are divided before
    causes are looked for. It is "value" (what was observed), "fault" (fault and status of the last check of the
    address, else what was observed), "defect" (the field of the finding, which names table rule and column), "format"
    (that declared for the file), "text" (the description of the dataset), or None for no division. ``with_patterns``:
    rules for whose findings the field ``pattern`` is filled in, see :func:`pattern_of`.
    """
    portal = _portal(catalog, portal_id, list(splits), set(with_patterns) & set(splits))
    for rule_id, split in splits.items():
        found, texts = findings_of_rule(catalog, portal_id, rule_id, split)
        dataset, file = _lookup(portal.dataset_of, found["dataset"]), _lookup(portal.file_of, found["file"])
        # A finding about a retired file, or about a dataset that is not scored, has ended or ends now.
        is_usable = (dataset >= 0) & ((found["file"] < 0) | (file >= 0))
        found = found[is_usable]
        if len(found):
            yield replace(
                portal.facts,
                number=found["number"],
                rule=np.zeros(len(found), dtype=np.int8),
                dataset=dataset[is_usable],
                file=file[is_usable],
                split=found["split"],
                gain=found["gain"],
                is_open=found["is_open"],
                rules=[rule_id],
                splits=texts,
                applies={rule_id: portal.applies(rule_id)},
            )


class _Portal(NamedTuple):
    """What is read of a portal once, for all rules."""

    facts: CauseFacts
    """With no findings."""
    dataset_of: Numbers
    """By key of the table ``keys``: index of the dataset; -1 for others. The same for files."""
    file_of: Numbers
    applies: Callable[[str], Flags]
    """By rule: which datasets or files it applies to and was measured for."""


def _portal(catalog: Catalog, portal_id: str, rules: Sequence[str], patterned: Collection[str]) -> _Portal:
    own, files = _Datasets(), _Files()
    own.read(catalog, portal_id, rules)
    files.read(catalog, portal_id, rules, own.ids)
    file_of = _positions(files.key)
    failing = _lookup(file_of, failing_files(catalog, portal_id, patterned))
    none = np.zeros(0, dtype=np.int64)
    facts = CauseFacts(
        number=none, rule=none, dataset=none, file=none, split=none, gain=np.zeros(0), is_open=np.zeros(0, dtype=bool),
        rules=(), splits=(), applies={},
        dataset_key=own.key,
        dataset_id=own.ids,
        publisher=own.publisher,
        source=own.source,
        dataset_host=files.host_of_datasets(len(own.key)),
        file_key=files.key,
        file_dataset=files.dataset,
        host=files.host,
        format=files.format,
        written=files.written,
        pattern=files.patterns(catalog, portal_id, failing[failing >= 0]),
    )  # fmt: skip

    def applies(rule_id: str) -> Flags:
        return (own if rule_id in own.bits else files).applies(rule_id)

    return _Portal(facts, _positions(own.stored), file_of, applies)


def _bits(catalog: Catalog, table: str, rules: Sequence[str]) -> tuple[dict[str, int], str]:
    """Return for each rule that is a column of ``table`` the number of its bit, and an SQL expression for the bits of a
    row ``q``: 1 where the rule was measured."""
    there = {row["name"] for row in catalog.rows(f"pragma table_info([{table}])")}
    bits = {rule: number for number, rule in enumerate(rule for rule in rules if rule in there)}
    # Only names of the schema are inserted into the text.
    return bits, " | ".join(f"((q.[{rule}] is not null) << {number})" for rule, number in bits.items()) or "0"


class _Datasets:
    """The scored datasets of a portal, in the order of their keys."""

    def read(self, catalog: Catalog, portal_id: str, rules: Sequence[str]) -> None:
        self.bits, bits = _bits(catalog, "dataset_quality", rules)
        cursor = catalog.db.conn.execute(
            f"""select d.rowid, d.id, coalesce(k.key, -1), coalesce(q.publisher_id, ''), coalesce(d.harvested_from, ''),
                  {bits} from dataset_quality q join datasets d on d.id = q.dataset_id left join keys k on k.id = d.id
                where q.portal_id = ? order by d.rowid""",
            [portal_id],
        )
        keys, stored, masks = Column(), Column(np.int32), Column()
        publishers, sources = Coder(), Coder()
        self.ids: list[str] = []
        while rows := cursor.fetchmany(_CHUNK):
            key, ids, number, publisher, source, mask = zip(*rows, strict=True)
            keys.add(key)
            stored.add(number)
            masks.add(mask)
            publishers.add(publisher)
            sources.add(source)
            self.ids += ids
        self.key, self.stored, self.mask = keys.whole(), stored.whole(), masks.whole()
        self.publisher, self.source = publishers.codes(), sources.codes()

    def applies(self, rule_id: str) -> Flags:
        return np.asarray(self.mask & (1 << self.bits[rule_id]) != 0)


class _Files:
    """The files of a portal's scored datasets that are not retired, in the order of their keys."""

    def read(self, catalog: Catalog, portal_id: str, rules: Sequence[str], datasets: Sequence[str]) -> None:
        """Read the files. ``datasets``: ids of the scored datasets, in their order."""
        self.bits, bits = _bits(catalog, "distribution_kinds", rules)
        masks = dict(catalog.db.conn.execute(f"select q.key, {bits} from distribution_kinds q"))
        self.mask_of_kind = np.zeros(1 + max(masks, default=0), dtype=np.int64)
        self.mask_of_kind[list(masks)] = list(masks.values())
        cursor = catalog.db.conn.execute(
            f"""select k.key, coalesce(x.position, 0), x.dataset_id, coalesce({address("x")}, ''),
                  upper(coalesce(q.format_declared, x.format, '')),
                  substr(max(coalesce(x.issued, ''), coalesce(x.modified, '')), 1, 10), m.kind
                from distributions x join keys k on k.id = x.id
                join measured_distributions m on m.distribution_key = k.key join distribution_kinds q on q.key = m.kind
                where x.portal_id = ? and {is_current("x")}""",  # constants of ours
            [portal_id],
        )
        number_of = {name: number for number, name in enumerate(datasets)}
        keys, places, owners, kinds = Column(), Column(np.int32), Column(np.int32), Column(np.int32)
        hosts, formats, days, host_of_site = Coder(), Coder(), Coder(), _Hosts()
        while rows := cursor.fetchmany(_CHUNK):
            number, place, dataset, url, fmt, day, kind = zip(*rows, strict=True)
            keys.add(number)
            places.add(place)
            owners.add(number_of.get(name, -1) for name in dataset)
            kinds.add(kind)
            hosts.add(map(host_of_site.__getitem__, map(_site, url)))
            formats.add(fmt)
            days.add(text if len(text) == 10 else "" for text in day)
        # Sorted here: SQLite would sort the texts too. Files of a dataset that is not scored are left out.
        order = np.argsort(keys.whole())
        order = order[owners.whole()[order] >= 0]
        self.key, self.kind, place_of = (one.whole()[order] for one in (keys, kinds, places))
        self.last_first = np.argsort(-place_of, kind="stable")
        self.dataset = owners.whole()[order]
        self.host, self.format, self.written = (one.codes(order) for one in (hosts, formats, days))

    def applies(self, rule_id: str) -> Flags:
        return np.asarray((self.mask_of_kind & (1 << self.bits[rule_id]) != 0)[self.kind])

    def host_of_datasets(self, datasets: int) -> Codes:
        """Return the server of each dataset's first file."""
        found = np.full(datasets, -1, dtype=np.int32)
        # Assigned backwards, so that the first file of each dataset counts.
        found[self.dataset[self.last_first]] = self.host.codes[self.last_first]
        return Codes(found, self.host.names)

    def patterns(self, catalog: Catalog, portal_id: str, failing: Numbers) -> Codes:
        """Return the form of each address on the hosts of the files ``failing``; other files have none."""
        is_wanted = np.zeros(len(self.host.names) + 1, dtype=bool)
        is_wanted[self.host.codes[failing]] = True
        is_wanted[-1] = False
        found = np.full(len(self.key), -1, dtype=np.int32)
        if not is_wanted.any():
            return Codes(found, [])
        cursor = catalog.db.conn.execute(
            f"""select x.id, {address("x")} from distribution_rows x
                where x.portal_id = (select key from keys where id = ?) order by x.id""",  # constants of ours
            [portal_id],
        )
        coder = Coder()
        places = Column()
        while rows := cursor.fetchmany(_CHUNK):
            at = _position(self.key, np.array([row[0] for row in rows], dtype=np.int64))
            chosen = np.flatnonzero((at >= 0) & is_wanted[self.host.codes[at]])
            places.add(at[chosen].tolist())
            coder.add(pattern_of(rows[number][1]) for number in chosen.tolist())
        codes = coder.codes()
        found[places.whole()] = codes.codes
        return Codes(found, codes.names)


def _site(url: str) -> str:
    """Return an address up to the end of its host. There are few of these, so each is parsed once."""
    parts = url.split("/", 3)
    return f"{parts[0]}//{parts[2]}" if len(parts) > 2 and not parts[1] else url


class _Hosts(dict[str, str]):
    """The host of each address, by the address up to there."""

    def __missing__(self, site: str) -> str:
        self[site] = host = host_of(site)
        return host


def _position(keys: Numbers, wanted: Numbers) -> Numbers:
    """Return the index of each wanted key in the ascending ``keys``; -1 where it is not there."""
    if not len(keys):
        return np.full(len(wanted), -1, dtype=np.int32)
    at = np.searchsorted(keys, wanted).astype(np.int32)
    at[at == len(keys)] = 0
    at[keys[at] != wanted] = -1
    return at


def _positions(keys: Numbers) -> Numbers:
    """Return an array that holds for each key its index in ``keys``, and -1 for others. Keys are small numbers from 1;
    -1 is none."""
    found = np.full(2 + keys.max(initial=0), -1, dtype=np.int32)
    found[keys] = np.arange(len(keys))
    found[-1] = -1
    return found


def _lookup(positions: Numbers, wanted: Numbers) -> Numbers:
    """Return the entries of ``positions`` for the wanted keys; -1 for a key beyond them, and for -1."""
    return np.asarray(positions[np.minimum(wanted, len(positions) - 1)])
