"""Measure which share of the facts in records is in the catalogue, and what is there that no record states.

    python bench/facts.py [SHARED] [--by type|recording] [--misses] [--wrong] [--only WORD] [--keep FOLDER]

Harvests the recorded portals in SHARED (``../shared``) into a catalogue of its own and compares it with

- labels: records that people read, with the paths of each fact (``facts_labels.jsonl``: no values);
- the finder (``facts_finder.py``), which knows neither the specifications nor the mappers, over every record.

The finder is compared with the labels too, to show how far it can be trusted. *Held* is the share of records with a
fact for which the catalogue has a value that comes from the right place. *Wrong* is a value from a place that does not
state the fact; *outside* is a value that is nowhere in the record (inherited, or guessed). For fewer than 30 no
percentage is printed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from facts_compare import SERVICES, Labelled, at, days, identity, read_labels, stems
from facts_finder import FACTS, Leaf, find, leaves
from facts_harvest import Held, catalogue, harvest, recordings

HERE = Path(__file__).parent
LABELS = HERE / "facts_labels.jsonl"


CODES_FOR_NONE = ("unknown", "other", "notspecified", "license not specified")
"""Codes for a fact that is not known: the declared text is kept, and no fact is read from it."""


@dataclass(slots=True)
class Score:
    """The counts of one fact against one reference."""

    states: int = 0
    held: int = 0
    filled: int = 0
    wrong: int = 0
    outside: int = 0


@dataclass(frozen=True, slots=True)
class Miss:
    """One fact that is missing or wrong, to be printed."""

    kind: str
    witness: str
    recording: str
    record: str
    fact: str
    where: str
    raw: str
    held: str


@dataclass(slots=True)
class Result:
    scores: dict[tuple[str, str, str], Score] = field(default_factory=lambda: defaultdict(Score))
    """Counts by (reference, group, fact); the group is "" for all, or what --by names."""
    misses: list[Miss] = field(default_factory=list)
    finder: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Records by (fact, both | missed | invented), as finder and labels agree or not."""


def short(text: str, size: int = 70) -> str:
    text = " ".join(text.split())
    return text if len(text) <= size else text[: size - 1] + "…"


def statement(path: str) -> str:
    """Return the path of the statement that a value belongs to, for example of a member of a list or an element."""
    steps = path.split("/")[1:5]
    places = [n for n, step in enumerate(steps, 1) if step.isdigit() or step.endswith("]")]
    return "/".join(steps[: places[-1]]) if places else path


def missing(fact: str, own: dict[str, list[str]], said: list[Leaf], held: Held) -> list[Leaf]:
    """Return the values of a stated fact that the catalogue lacks; empty if it has enough of them."""
    texts = [text for column in own.values() for text in column]
    if fact in ("format", "languages"):
        # Every value counts: one format of three is not enough. A described format is one value, whichever
        # name is used.
        groups: dict[str, list[Leaf]] = {}
        for leaf in said:
            groups.setdefault(statement(leaf.path), []).append(leaf)
        return [
            leaves[0]
            for leaves in groups.values()
            if not any(stems(fact, text, leaves) for text in texts)
            and not (
                fact == "format" and held.services and any(SERVICES.search(one.value + one.near) for one in leaves)
            )
        ]
    if not any(stems(fact, text, said) for text in texts):
        return said
    if (
        fact == "temporal"
        and len(own) == 1
        and not any(leaf.value in texts for leaf in said)
        and len({day for leaf in said for day in days(leaf.value)}) > 1
    ):
        # One of two ends; if several periods are stated, an open one leaves the whole period open.
        ends = Counter(word for leaf in said for word in leaf.own & {"begin", "start", "end"})
        return said if ends["begin"] + ends["start"] == ends["end"] else []
    return []


def judge(
    result: Result, groups: list[str], witness: str, held: Held, key: str, fact: str,
    best: list[Leaf], also: list[Leaf], all_leaves: list[Leaf],
) -> None:  # fmt: skip
    own = held.facts.get(fact, {})
    scores = [result.scores[witness, group, fact] for group in groups]

    def tell(kind: str, leaf: Leaf | None, text: str) -> None:
        where, raw = (leaf.path, short(leaf.value)) if leaf else ("", "")
        result.misses.append(Miss(kind, witness, held.recording, key, fact, where, raw, text))

    lost = missing(fact, own, best, held) if best else []
    for score in scores:
        score.states += bool(best)
        score.held += bool(best) and not lost
        score.filled += bool(own)
    if lost:
        rights = " (in rights)" if any(stems(fact, t, lost) for c in held.facts["rights"].values() for t in c) else ""
        seen = "; ".join(f"{column}={short(', '.join(texts), 40)}" for column, texts in own.items())
        tell("missed", lost[0], seen + (rights if fact == "licence" else ""))
    worst = ""
    for column, texts in own.items():
        for text in texts:
            if text.casefold() in CODES_FOR_NONE or stems(fact, text, best + also):
                continue
            place = next((leaf for leaf in all_leaves if leaf.value == text), None)
            if place is None and fact != "format":
                place = next((leaf for leaf in all_leaves if stems(fact, text, [leaf])), None)
            kind = "wrong" if place else "outside"
            tell(kind, place, f"{column}={short(text)}")
            worst = "wrong" if "wrong" in (worst, kind) else kind
    for score in scores:
        score.wrong += worst == "wrong"
        score.outside += worst == "outside"


def compare(held_rows: Iterator[Held], labels: list[Labelled], by: str, only: str) -> Result:
    result = Result()
    wanted = {(one.recording, one.record): one for one in labels if only in one.recording}
    kinds: dict[str, str] = {}
    for held in held_rows:
        kinds[held.recording] = held.kind
        if only not in held.recording:
            continue
        groups = ["", held.kind if by == "type" else held.recording] if by else [""]
        everything = leaves(held.raw)
        found = find(everything)
        key = identity(held.raw)
        for fact in FACTS:
            judge(result, groups, "finder", held, key, fact, found.get(fact, []), [], everything)
        label = wanted.pop((held.recording, key), None)
        if label is None:
            continue
        for fact in FACTS:
            said = label.facts.get(fact)
            best = at(everything, said.best) if said else []
            also = at(everything, said.also) if said else []
            judge(result, groups, "labels", held, key, fact, best, also, everything)
            if said and said.best and not best:
                result.misses.append(
                    Miss("label", "labels", held.recording, key, fact, said.best[0], "", "no such path")
                )
            hit = {leaf.path for leaf in found.get(fact, [])} & {leaf.path for leaf in best + also}
            if best or (found.get(fact) and not also):
                result.finder[fact, "both" if hit else "missed" if best else "invented"] += 1
            if not hit and (best or (found.get(fact) and not also)):
                one = (best or found[fact])[0]
                kind = "finder missed" if best else "finder invented"
                result.misses.append(Miss(kind, "labels", held.recording, key, fact, one.path, short(one.value), ""))
    for one in wanted.values():
        # Labelled but not harvested: all facts of it are missed.
        for fact in (fact for fact in FACTS if fact in one.facts and one.facts[fact].best):
            for group in ["", kinds.get(one.recording, one.recording) if by == "type" else one.recording][
                : 1 + bool(by)
            ]:
                result.scores["labels", group, fact].states += 1
            result.misses.append(
                Miss("missed", "labels", one.recording, one.record, fact, "", "", "record not harvested")
            )
    return result


def share(part: int, whole: int) -> str:
    return f"{100 * part / whole:6.1f}%" if whole >= 30 else f"{part:3}/{whole:<3}"


def table(result: Result, witness: str) -> None:
    groups = sorted({group for name, group, _ in result.scores if name == witness})
    for group in groups:
        print(f"\n{group or 'all recordings'}, against the {witness}")
        print(f"{'fact':12} {'states':>7} {'held':>8}   {'filled':>7} {'right':>8} {'wrong':>6} {'outside':>8}")
        total = Score()
        for fact in (*FACTS, "all"):
            one = result.scores[witness, group, fact] if fact != "all" else total
            if fact != "all":
                for name in ("states", "held", "filled", "wrong", "outside"):
                    setattr(total, name, getattr(total, name) + getattr(one, name))
            right = one.filled - one.wrong
            print(
                f"{fact:12} {one.states:7} {share(one.held, one.states):>8}   {one.filled:7}"
                f" {share(right, one.filled):>8} {one.wrong:6} {one.outside:8}"
            )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", nargs="?", type=Path, default=HERE.parents[1] / "shared")
    parser.add_argument("--by", choices=["type", "recording"], default="")
    parser.add_argument("--misses", action="store_true", help="list each miss against the labels")
    parser.add_argument("--wrong", action="store_true", help="list each wrong value against the labels")
    parser.add_argument("--against", choices=["labels", "finder"], default="labels", help="of --misses and --wrong")
    parser.add_argument("--only", default="", help="recordings whose name holds this word")
    parser.add_argument("--keep", type=Path, help="harvest into this folder; one that holds a catalogue is read again")
    parser.add_argument("--finder", action="store_true", help="list where the finder and the labels differ")
    options = parser.parse_args()
    if not (options.shared / "portals" / "replay.py").is_file():
        print(f"{options.shared} holds no recordings (portals/replay.py): nothing to measure.")
        return 0
    with tempfile.TemporaryDirectory() as made:
        folder = options.keep or Path(made)
        odd = {} if (folder / "catalog.db").is_file() else harvest(options.shared, folder)
        result = compare(catalogue(folder, options.shared), read_labels(LABELS), options.by, options.only)
    for name, why in sorted(odd.items()):
        print(f"not whole: {name}: {why}", file=sys.stderr)
    shown = [kind for kind, asked in (("missed", options.misses), ("wrong", options.wrong)) if asked]
    shown += ["outside"] if options.wrong else []
    shown += ["finder missed", "finder invented", "label"] if options.finder else []
    for one in sorted(result.misses, key=lambda m: (FACTS.index(m.fact), m.kind, m.recording)):
        if one.kind in shown and one.witness == options.against:
            print("\t".join((one.kind, one.fact, one.recording, one.record, one.where, one.raw, one.held)))
    print(f"{len(recordings(options.shared))} recordings")
    table(result, "labels")
    table(result, "finder")
    print("\nthe finder, against the labels: records of which both say the fact is stated, and where")
    for fact in FACTS:
        both, missed, invented = (result.finder[fact, kind] for kind in ("both", "missed", "invented"))
        print(f"{fact:12} recall {share(both, both + missed)} precision {share(both, both + invented)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
