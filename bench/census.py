"""Measure the recogniser of key datasets against labels, and choose its points without the portal they are tried on.

    python bench/census.py FOLDER

``FOLDER`` holds ``labels.jsonl`` and ``measure.py``, which reads the recordings. For each portal the points are chosen
on the other portals from a small grid, then tried on it. The words are the same throughout: a portal that was not
labelled when they were written is the only proof of them. A lower bound: each portal is also tried without the
subjects, facts and neighbours that no other portal shows (names follow the definitions), and without any such word.
"""

from __future__ import annotations

import importlib.util
import itertools
import json
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from census_adapter import portrait

from quality.census import lexicon
from quality.census.recognise import evidence_of
from specs.census import points_table

GRID: Mapping[str, tuple[float, ...]] = {
    "claim": (2.5, 3.0),
    "name_in_title": (2.5, 3.0),
    "against_in_title": (-4.0, -2.0),
    "against_elsewhere": (-1.0, -0.5, -0.25),
    "subject_nearly_alone": (2.0, 2.5, 3.0),
    "columns": (1.0, 1.5),
    "name_in_keywords": (0.5, 1.0),
}
Counts = tuple[int, int, int, int, int, int]
"""Claims right, wrong and not labelled; keys found and present; keys absent but claimed."""


class Labels:
    """The labels of all portals, and the evidence that the recogniser has for each dataset and key."""

    def __init__(self, folder: Path) -> None:
        rows = [json.loads(line) for line in (folder / "labels.jsonl").read_text("utf-8").splitlines() if line.strip()]
        self.portals = sorted({row["portal"] for row in rows})
        self.known = {(row["portal"], row.get("identifier")) for row in rows if row["verdict"] != "absent"}
        self.absent = {(row["portal"], row["key"]) for row in rows if row["verdict"] == "absent"}
        self.hits: dict[tuple[str, str], set[str]] = defaultdict(set)
        for row in rows:
            if row["verdict"] == "hit":
                self.hits[row["portal"], row["key"]].add(row["identifier"])
        spec = importlib.util.spec_from_file_location("measure", folder / "measure.py")
        assert spec and spec.loader
        measure = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(measure)
        self.datasets = {
            portal: [
                (one["identifier"], portrait(one)) for one in measure.records(folder.parents[1] / "portals" / portal)
            ]
            for portal in self.portals
        }
        self.evidence = self.read(self.portals)

    def read(self, portals: list[str]) -> list[tuple[str, str, str, list[str]]]:
        """Return the evidence for each dataset and key of some portals: portal, identifier, key, ids of evidence."""
        return [
            (portal, identifier, claim.key, [one.id for one in claim.evidence])
            for portal in portals
            for identifier, described in self.datasets[portal]
            for claim in evidence_of(described)
        ]

    def without_own_words(self, points: Mapping[str, float], keeps: tuple[str, ...]) -> dict[str, Counts]:
        """Count for each portal what is found without the words that no other shows; roles in ``keeps`` stay."""
        phrases = list(lexicon._phrases())
        whole, evidence, found = lexicon._lexicon, self.evidence, {}
        seen = defaultdict(set)
        for portal in self.portals:
            for _, one in self.datasets[portal]:
                texts = (one.title, one.description[:300], " \u00a6 ".join((*one.keywords[:60], *one.files[:60])))
                for match in lexicon.find_each(texts):
                    seen[match.key, match.role, match.phrase].add(portal)
        for portal in self.portals:
            left = [one for one in phrases if one.role in keeps or seen[one.key, one.role, one.said] != {portal}]
            smaller = lexicon._Lexicon(left)
            lexicon._lexicon = lambda smaller=smaller: smaller
            self.evidence = self.read([portal])
            found[portal] = self.count(points, portal)
        lexicon._lexicon, self.evidence = whole, evidence
        return found

    def count(self, points: Mapping[str, float], portal: str) -> Counts:
        """Count what the recogniser does on one portal with these points."""
        right = wrong = unknown = 0
        found, alarms = set(), set()
        for where, identifier, key, ids in self.evidence:
            if where != portal or sum(points[one] for one in ids) < points["claim"]:
                continue
            is_hit = identifier in self.hits.get((portal, key), ())
            is_known = (portal, identifier) in self.known
            right, wrong, unknown = right + is_hit, wrong + (is_known and not is_hit), unknown + (not is_known)
            found |= {key} if is_hit else set()
            alarms |= {key} if (portal, key) in self.absent else set()
        present = sum(where == portal for where, _ in self.hits)
        return right, wrong, unknown, len(found), present, len(alarms)


def add_up(counts: list[Counts]) -> Counts:
    """Add the counts of several portals."""
    first, second, third, fourth, fifth, sixth = (sum(one[at] for one in counts) for at in range(6))
    return first, second, third, fourth, fifth, sixth


def worth(counts: Counts) -> float:
    """Return how good points are: recall of keys counts twice, a claim without a label as nearly wrong."""
    right, wrong, unknown, found, present, alarms = counts
    return 2 * found / present + right / max(right + wrong + 0.9 * unknown, 1) - 0.02 * alarms


def line(name: str, counts: Counts) -> str:
    right, wrong, unknown, found, present, alarms = counts
    claims = max(right + wrong, 1)
    return (
        f"{name:26} precision {right / claims:4.2f}  recall {found:2}/{present:<2}  alarms {alarms}  "
        f"without a label {unknown}"
    )


def main() -> None:
    labels = Labels(Path(sys.argv[1]))
    base = {**points_table().points, "claim": points_table().decision.claim}
    choices = [{**base, **dict(zip(GRID, values, strict=True))} for values in itertools.product(*GRID.values())]
    table = [{portal: labels.count(points, portal) for portal in labels.portals} for points in choices]
    print("as in points.toml")
    for portal in labels.portals:
        print(" ", line(portal, labels.count(base, portal)))
    print(" ", line("all", add_up([labels.count(base, portal) for portal in labels.portals])))
    print("points chosen on the other portals")
    tried = []
    for portal in labels.portals:
        best = max(
            range(len(choices)),
            key=lambda at: (
                worth(add_up([table[at][other] for other in labels.portals if other != portal])),
                -sum(abs(choices[at][one] - base[one]) for one in GRID),
            ),
        )
        tried.append(table[best][portal])
        print(" ", line(portal, table[best][portal]))
    print(" ", line("all", add_up(tried)))
    for title, keeps in (("subjects, facts and neighbours", ("name",)), ("words", ())):
        print(f"without the {title} that only this portal shows")
        left = labels.without_own_words(base, keeps)
        for portal, counts in left.items():
            print(" ", line(portal, counts))
        print(" ", line("all", add_up([*left.values()])))


if __name__ == "__main__":
    main()
