"""The digest of the methodology: it is complete, rests on answers, and changes with every change of method alone."""

from __future__ import annotations

import ast
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

import quality.metrics
from quality import digest as whole
from quality.digest import figures, specifications, statements, words
from quality.digest.canonical import canonical, hashed
from quality.evidence.subject import UNKNOWN, Measurement
from quality.metrics import MODULES, functions
from quality.systems.winnow import weighted
from specs import metrics as metric_specs
from specs import systems as system_specs
from specs import vocabularies
from specs.methodology import methodology_versions
from specs.metrics import methodology_version, metrics
from specs.systems import systems
from specs.vocabularies import read
from tests.quality.test_digest_corpus import may_say

pytestmark = pytest.mark.xdist_group("digest")


@pytest.fixture(scope="module")
def before() -> dict[str, str]:
    """Return the present hash of every part."""
    return whole.digests()


def _kind(value: Measurement) -> str:
    if value is None or value is UNKNOWN:
        return "none" if value is None else "unknown"
    return {1.0: "1", 0.0: "0"}.get(float(value), "part")  # type: ignore[arg-type]


def _again(name: str) -> str:
    return hashed(whole.parts()[name]())


def _change(before: dict[str, str], *names: str) -> bool:
    """Return whether the hashes of some parts, computed again, and the digest differ from before."""
    now = {**before, **{name: _again(name) for name in names}}
    assert all(now[name] != before[name] for name in names), [name for name in names if now[name] == before[name]]
    return whole.together(now) != whole.together(before)


# Each change changes it


@pytest.mark.parametrize("name", sorted(metrics()))
def test_another_answer_of_a_metric_changes_it(
    name: str, before: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    of_subject = functions(metrics()[name].subject)
    right = of_subject[name]
    for kind in may_say(name):
        other: Measurement = 0.5 if kind != "part" else 0.25

        def wrong(s: Any, kind: str = kind, other: Measurement = other) -> Measurement:
            found = right(s)
            return other if _kind(found) == kind else found

        monkeypatch.setitem(of_subject, name, wrong)
        assert _change(before, f"metric:{name}"), kind
    monkeypatch.setitem(of_subject, name, right)
    assert _again(f"metric:{name}") == before[f"metric:{name}"]


def _modules() -> dict[str, ast.Module]:
    folder = Path(str(quality.metrics.__file__)).parent
    return {name: ast.parse((folder / f"{name}.py").read_text("utf-8")) for name in MODULES}


class _Turned(ast.NodeTransformer):
    """Change one comparison, condition or value of a function into another."""

    def __init__(self, at: int) -> None:
        self.at, self.seen = at, 0

    def _is_it(self) -> bool:
        self.seen += 1
        return self.seen - 1 == self.at

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        return ast.UnaryOp(ast.Not(), node) if self._is_it() else node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, float) and self._is_it():
            return ast.Constant(0.75 if node.value != 0.75 else 0.5)
        return node


def _turned() -> Iterator[tuple[str, ast.FunctionDef, int]]:
    for module, tree in _modules().items():
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name in metrics():
                counting = _Turned(-1)
                counting.visit(ast.parse(ast.unparse(node)))
                for at in range(counting.seen):
                    yield module, node, at


def test_a_comparison_turned_round_in_a_metric_changes_it(
    before: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A third of all comparisons and numbers in the code of the metrics, drawn by their number: none goes unnoticed."""
    found = list(_turned())
    assert len(found) > 60
    unseen = []
    for module, node, at in random.Random(len(found)).sample(found, len(found) // 3):
        source = ast.parse(ast.unparse(node))
        changed = ast.fix_missing_locations(_Turned(at).visit(source))
        space = dict(vars(sys.modules[f"quality.metrics.{module}"]))
        exec(compile(changed, f"<{node.name}>", "exec"), space)  # our own code
        of_subject = functions(metrics()[node.name].subject)
        with monkeypatch.context() as patch:
            patch.setitem(of_subject, node.name, space[node.name])
            try:
                is_seen = _again(f"metric:{node.name}") != before[f"metric:{node.name}"]
            except (AttributeError, TypeError):
                # What is not there is asked for something.
                is_seen = True
            if not is_seen:
                unseen.append(ast.unparse(changed))
    assert not unseen, "\n\n".join(unseen)


@pytest.mark.parametrize("name", words.vocabularies())
def test_another_cell_of_any_row_changes_it(name: str, before: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    rows = read(name)
    for number, row in enumerate(rows):
        column = random.Random(number).choice([one for one in row if one != "aliases"])
        changed = (*rows[:number], {**row, column: f"{row[column]}x"}, *rows[number + 1 :])
        with monkeypatch.context() as patch:
            patch.setattr(specifications, "read", lambda wanted, changed=changed: changed)
            assert _change(before, f"spec:words:{name}"), row


def _caches() -> Iterator[Callable[[], None]]:
    for name, module in list(sys.modules.items()):
        if name.startswith(("catalog.vocabulary", "catalog.rdf", "quality.")):
            for value in list(vars(module).values()):
                if hasattr(value, "cache_clear") and getattr(value, "__module__", "") == name:
                    yield value.cache_clear


@pytest.fixture
def unremembered() -> Iterator[Callable[[], None]]:
    """Clear the caches of look-ups, now and at the end."""

    def forget() -> None:
        for clear in _caches():
            clear()
        figures.forget()

    yield forget
    forget()


LOOK_UP_MODULES = {
    "licences": "catalog.vocabulary.licences",
    "formats": "catalog.vocabulary.formats",
    "frequencies": "catalog.vocabulary.terms",
    "themes": "catalog.vocabulary.terms",
    "access_rights": "catalog.vocabulary.terms",
    "languages": "catalog.vocabulary.terms",
    "creative_commons": "catalog.vocabulary.creative_commons",
    "no_values": "catalog.vocabulary.no_values",
    "placeholders": "quality.evidence.texts",
    "law_words": "quality.evidence.prose",
    "period_words": "quality.evidence.period_words",
}


@pytest.mark.parametrize("name", sorted(LOOK_UP_MODULES))
def test_a_row_that_is_lost_changes_the_answers_too(
    name: str, before: dict[str, str], monkeypatch: pytest.MonkeyPatch, unremembered: Callable[[], None]
) -> None:
    rows = vocabularies.read(name)
    fewer = (*rows[:2], *rows[3:])
    module = sys.modules[LOOK_UP_MODULES[name]]
    monkeypatch.setattr(module, "read", lambda wanted: fewer if wanted == name else vocabularies.read(wanted))
    unremembered()
    assert _change(before, f"words:{name}")


CODE: dict[str, tuple[str, str, Any, str]] = {
    "folding": ("catalog.vocabulary.licences", "name_key", str.lower, "words:licences"),
    "families of licences": ("catalog.vocabulary.licences", "family_of_url", lambda key: None, "words:licences"),
    "licence in prose": ("catalog.vocabulary.licences", "_by_prose", lambda text: None, "words:licences"),
    "media types": ("catalog.vocabulary.formats", "_media_type", lambda text: None, "words:formats"),
    "durations": ("catalog.vocabulary.terms", "_of_duration", lambda text: None, "words:frequencies"),
    "templates": ("catalog.vocabulary.no_values", "is_template", lambda text: False, "words:no_values"),
    "months": ("quality.digest.words", "last_day_named", lambda text: None, "words:month_names"),
    "declared format": (
        "catalog.repositories.subjects",
        "DistributionSubject.declared_format",
        None,
        "metric:format_truthful",
    ),
    "licence of the whole": (
        "catalog.repositories.subjects",
        "DistributionSubject.licence",
        None,
        "metric:licence_open",
    ),
    "address that speaks": ("catalog.repositories.subjects", "DistributionSubject.url", "", "metric:tls_valid"),
    "not carried": ("quality.evidence.carried", "is_there", lambda *_: True, "score:carried"),
    "families": ("quality.systems.families", "skeleton", lambda title: title, "score:kinds"),
    "mapping of concepts": ("catalog.rdf.values", "_known", lambda kind, text: None, "rdf:statements"),
    "mapping of dates": ("catalog.rdf.dcat", "day", lambda text: statements.RdfTerm("literal", text), "rdf:statements"),
    "what is not told": ("quality.standards.graphs", "_is_told", lambda *_: True, "rdf:standards"),
    "bounds of a record": ("quality.standards.records", "MAX_DEPTH", 1, "rdf:standards"),
}


@pytest.mark.parametrize("what", sorted(CODE))
def test_other_code_around_the_metrics_changes_it(
    what: str, before: dict[str, str], monkeypatch: pytest.MonkeyPatch, unremembered: Callable[[], None]
) -> None:
    module, name, value, part = CODE[what]
    owner: Any = sys.modules[module]
    *outer, attribute = name.split(".")
    for one in outer:
        owner = getattr(owner, one)
    monkeypatch.setattr(owner, attribute, property(lambda self: value) if outer else value)
    unremembered()
    assert _change(before, part)


def test_another_weight_changes_it(before: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    file = metric_specs._metrics_file()

    def with_(update: dict[str, Any], *parts: str) -> None:
        changed = file.model_copy(update=update)
        with monkeypatch.context() as patch:
            patch.setattr(metric_specs, "_metrics_file", lambda: changed)
            assert _change(before, *parts), update

    for number, metric in enumerate(file.metric):
        heavier = metric.model_copy(update={"weight": metric.weight + 1.0})
        with_({"metric": (*file.metric[:number], heavier, *file.metric[number + 1 :])}, f"spec:metric:{metric.id}")
    for name, one in file.dimension.items():
        heavier_one = one.model_copy(update={"weight": one.weight + 1.0})
        with_({"dimension": {**file.dimension, name: heavier_one}}, "spec:dimensions")
    for letter, minimum in file.grades.items():
        if minimum:
            with_({"grades": {**file.grades, letter: minimum - 0.5}}, "spec:grades")
    with_({"entity": file.entity.model_copy(update={"minimum_datasets": 99})}, "spec:entities")


def test_another_point_in_a_system_of_others_changes_it(
    before: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    all_systems = systems()
    for name, system in all_systems.items():
        for number, item in enumerate(system.item):
            heavier = item.model_copy(update={"points": item.points + 1.0})
            items = (*system.item[:number], heavier, *system.item[number + 1 :])
            changed = {**all_systems, name: system.model_copy(update={"item": items})}
            with monkeypatch.context() as patch:
                patch.setattr(specifications, "systems", lambda changed=changed: changed)
                assert _change(before, f"spec:system:{name}"), item
    assert system_specs.systems() is all_systems


def test_a_weight_shows_in_the_scores_of_the_corpus(before: dict[str, str]) -> None:
    w = weighted()
    old = w.weights.copy()
    try:
        w.weights[0] += 1.0
        assert _change(before, "score:winnow", "score:gains")
    finally:
        w.weights[:] = old
    assert _again("score:winnow") == before["score:winnow"]


# And nothing else does


def test_code_written_anew_does_not_change_it(before: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Other names, other statements, another order of work; and sums in another order, which differ far behind."""

    def licence_known(s: Any) -> Measurement:
        from quality.metrics.open import licence_present

        answer: Measurement = None
        if licence_present(s) != 0.0:
            answer = 0 if s.licence is None else 1
        return answer

    of_files = functions("distribution")
    monkeypatch.setitem(of_files, "licence_known", licence_known)
    right = of_files["description_fields_share"]
    monkeypatch.setitem(of_files, "description_fields_share", lambda s: right(s) + 1e-12)
    for name in ("metric:licence_known", "metric:description_fields_share"):
        assert _again(name) == before[name]


def test_other_words_do_not_change_it(before: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    file = metric_specs._metrics_file()
    told = {"question": "Other words?", "fix": "Do it.", "rationale": "For other reasons.", "example": "Another."}
    changed = file.model_copy(update={"metric": tuple(one.model_copy(update=told) for one in file.metric)})
    monkeypatch.setattr(metric_specs, "_metrics_file", lambda: changed)
    for name in metrics():
        assert _again(f"spec:metric:{name}") == before[f"spec:metric:{name}"]


def test_numbers_are_rounded_and_foreign_objects_refused() -> None:
    import numpy as np

    assert canonical([1.0, 0.1 + 0.2, -0.0, float("nan"), True, UNKNOWN]) == [
        1,
        0.3,
        0,
        "not a number",
        True,
        "<unknown>",
    ]
    assert canonical(np.array([0.1 + 0.2, float("nan")])) == canonical(np.array([0.3, -float("nan")]))
    assert canonical(np.array([0.0])) == canonical(np.array([-0.0])) != canonical(np.array([1e-8]))
    with pytest.raises(TypeError, match="has no form"):
        canonical(object())


# The digest and the version


def test_a_change_of_method_has_a_version_of_its_own(before: dict[str, str]) -> None:
    version = methodology_version()
    assert methodology_versions()[version].answers == whole.together(before), (
        f"what a figure rests on has changed, and the version is still {version}: where it was released, give "
        "specs/metrics.toml a new one; then run make digest"
    )


def test_a_patch_adds_aliases_and_changes_nothing_else(
    before: dict[str, str], monkeypatch: pytest.MonkeyPatch, unremembered: Callable[[], None]
) -> None:
    """Without the aliases that it added, a patch has the digest of the version before it."""
    version, known = methodology_version(), methodology_versions()
    added = known[version].added
    if added:
        major, minor, patch = version.split(".")
        earlier = known[f"{major}.{minor}.{int(patch) - 1}"].answers
        assert _without(added, monkeypatch, unremembered) == earlier
    # Of an alias that is known here, taken away and put back, the same can be said.
    alias = next(one for row in read("licences") for one in words.names(row) if " " in one)
    assert _without({"licences": (alias,)}, monkeypatch, unremembered, only=("words:licences", "spec:words:licences"))
    unremembered()
    assert _again("words:licences") == before["words:licences"]


def _without(
    added: Mapping[str, Sequence[str]],
    monkeypatch: pytest.MonkeyPatch,
    forget: Callable[[], None],
    only: Sequence[str] = (),
) -> str:
    """The digest without some aliases; where ``only`` some parts are made anew, a text when each of them changes."""

    def fewer(name: str) -> tuple[dict[str, str], ...]:
        gone = set(added.get(name, ()))
        rows = vocabularies.read(name)
        return tuple(
            {**row, "aliases": " | ".join(one for one in words.names(row) if one not in gone)}
            if "aliases" in row
            else row
            for row in rows
        )

    with monkeypatch.context() as patch:
        for name in {*LOOK_UP_MODULES.values(), "quality.digest.words", "quality.digest.specifications"}:
            patch.setattr(sys.modules[name], "read", fewer)
        forget()
        return " ".join(_again(name) for name in only) if only else whole.digest()
