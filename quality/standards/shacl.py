"""A small SHACL engine: compile shapes in Turtle to plain functions over a :class:`~catalog.rdf.terms.RdfGraph`.

It implements the constraints of the W3C Recommendation "Shapes Constraint Language (SHACL)" of 2017 that our shapes
use. A constraint that it does not support raises an error that names it; none is ignored silently.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from catalog.rdf.terms import (
    BLANK,
    IRI,
    LITERAL,
    RDF_TYPE,
    RdfGraph,
    RdfTerm,
    is_of_datatype,
    prefixed,
    read_graph,
)
from quality.standards.paths import Path, compile_path

__all__ = ["Result", "ShapeError", "Shapes", "compile_shapes", "located", "validate"]

SH = "http://www.w3.org/ns/shacl#"
_KINDS = {
    "IRI": {IRI},
    "BlankNode": {BLANK},
    "Literal": {LITERAL},
    "BlankNodeOrIRI": {BLANK, IRI},
    "BlankNodeOrLiteral": {BLANK, LITERAL},
    "IRIOrLiteral": {IRI, LITERAL},
}
_NO_CONSTRAINTS = {"path", "name", "description", "message", "severity", "order", "group", "flags", "targetClass"}
_NO_CONSTRAINTS |= {"targetNode", "targetSubjectsOf", "targetObjectsOf"}
_DOCUMENTATION = "http://www.w3.org/2000/01/rdf-schema#"
Severity = Literal["violation", "warning", "info"]


class ShapeError(ValueError):
    """The error for a file of shapes with something that is not SHACL, or that this engine does not support.

    The message says what it is and where.
    """


class Result(NamedTuple):
    """One violation of a shape by a node of the validated graph (a validation result: SHACL, section 3.6)."""

    focus: RdfTerm
    path: str
    """The path as a prefixed name, with "^" for an inverse one; empty if the shape has no path."""
    component: str
    """Name of the constraint's parameter: "minCount", "nodeKind"."""
    severity: Severity
    value: RdfTerm | None
    """The offending value; None if the constraint is about all values together, such as their number."""
    shape: Shape


Check = Callable[[RdfGraph, RdfTerm, Sequence[RdfTerm]], Iterable[tuple[str, RdfTerm | None]]]
"""Takes graph, focus node and value nodes; returns what violates the constraint, as pairs of component and value."""


@dataclass(eq=False)
class Shape:
    """A SHACL node shape or property shape, compiled to functions.

    ``checks``: its constraints. ``properties``: the property shapes that a node of this shape must meet too.
    """

    id: str
    path: Path | None
    name: str | None
    message: str | None
    severity: Severity
    checks: list[Check]
    properties: list[Shape]
    expects: dict[str, str]
    """Parameters of the constraints, for messages: {"nodeKind": "BlankNodeOrIRI"}."""
    if_absent: list[str]
    """Constraints of a property shape that fail if the node has no such property at all."""

    def results(self, graph: RdfGraph, focus: RdfTerm) -> Iterator[Result]:
        """Yield the violations of this shape by the node ``focus`` of ``graph``."""
        path = self.path
        values: Sequence[RdfTerm] = (focus,) if path is None else path.values(graph, focus)
        for check in self.checks:
            for component, value in check(graph, focus, values):
                yield Result(focus, path.name if path else "", component, self.severity, value, self)
        for value in values if self.properties else ():
            said = graph.nodes.get(value, {})
            for inner in self.properties:
                if inner.path is None or inner.path.predicate is None or inner.path.predicate in said:
                    yield from inner.results(graph, value)
                else:
                    # The usual case, the property is absent: only these constraints can fail.
                    for component in inner.if_absent:
                        yield Result(value, inner.path.name, component, inner.severity, None, inner)

    def conforms(self, graph: RdfGraph, node: RdfTerm) -> bool:
        """Return whether ``node`` of ``graph`` meets all requirements of this shape (SHACL, section 3.4.3).

        A violation counts whatever its severity.
        """
        return next(self.results(graph, node), None) is None


@dataclass(frozen=True)
class Shapes:
    """All shapes of a standard that name the nodes to which they apply (their targets).

    ``by_class``: pairs of the IRI of a class and the shape for its instances.
    """

    by_class: tuple[tuple[str, Shape], ...]
    others: tuple[tuple[str, RdfTerm, Shape], ...]
    """Targets of other kinds: parameter, its value, shape."""

    def targets(self, graph: RdfGraph) -> Iterator[tuple[int, Shape, RdfTerm]]:
        """Yield triples (position, shape, node): each shape with each node of ``graph`` to which it applies.

        The position is that of the shape's target among all targets in the standard, from 0.
        """
        for at, (iri, shape) in enumerate(self.by_class):
            for node in graph.instances(iri):
                yield at, shape, node
        for at, (kind, term, shape) in enumerate(self.others, len(self.by_class)):
            if kind == "targetNode":
                yield at, shape, term
                continue
            found: dict[RdfTerm, None] = {}
            for node, properties in graph.nodes.items():
                if values := properties.get(term.value):
                    found.update({node: None} if kind == "targetSubjectsOf" else values)
            for node in found:
                yield at, shape, node


def validate(graph: RdfGraph, shapes: Shapes) -> Iterator[Result]:
    """Yield all violations of the shapes in ``shapes`` by the nodes of ``graph``."""
    for _, result in located(graph, shapes):
        yield result


def located(graph: RdfGraph, shapes: Shapes) -> Iterator[tuple[int, Result]]:
    """Yield all violations by the nodes of ``graph``, as :func:`validate` does, in pairs (position, violation).

    The position is that of the violated shape's target among all targets in ``shapes``, from 0.
    """
    for at, shape, node in shapes.targets(graph):
        for result in shape.results(graph, node):
            yield at, result


def compile_shapes(turtle: bytes, source: str = "shapes") -> Shapes:
    """Compile SHACL shapes. ``turtle`` is the content of a file in Turtle.

    Raise ShapeError if it cannot be compiled; the message begins with ``source``, the name of the file.
    """
    try:
        graph = read_graph(turtle)
    except SyntaxError as error:
        raise ShapeError(f"{source}: no Turtle: {error}") from error
    return _Compiler(graph, source).shapes()


class _Compiler:
    def __init__(self, graph: RdfGraph, source: str) -> None:
        self.graph, self.source = graph, source
        self.known: dict[RdfTerm, Shape] = {}

    def shapes(self) -> Shapes:
        by_class, others = [], []
        for node, properties in self.graph.nodes.items():
            for kind in ("targetClass", "targetNode", "targetSubjectsOf", "targetObjectsOf"):
                for target in properties.get(SH + kind, ()):
                    if kind == "targetClass":
                        by_class.append((target.value, self.shape(node)))
                    else:
                        others.append((kind, target, self.shape(node)))
        if not by_class and not others:
            raise ShapeError(f"{self.source}: no shape has a target: give one sh:targetClass")
        return Shapes(tuple(by_class), tuple(others))

    def fail(self, node: RdfTerm, what: str) -> ShapeError:
        return ShapeError(f"{self.source}: {prefixed(node.value)}: {what}")

    def one(self, node: RdfTerm, name: str) -> RdfTerm | None:
        found = list(self.graph.values(node, SH + name))
        if len(found) > 1:
            raise self.fail(node, f"sh:{name} stands {len(found)} times: keep one")
        return found[0] if found else None

    def text(self, node: RdfTerm, name: str) -> str | None:
        found = self.one(node, name)
        return found.value if found else None

    def members(self, node: RdfTerm) -> list[RdfTerm]:
        """Return the members of the RDF list that begins at ``node``. Raise ShapeError if it is not well-formed."""
        rdf = RDF_TYPE.rpartition("#")[0] + "#"
        found: list[RdfTerm] = []
        while node.value != rdf + "nil":
            first = list(self.graph.values(node, rdf + "first"))
            rest = list(self.graph.values(node, rdf + "rest"))
            if len(first) != 1 or len(rest) != 1 or len(found) > 10_000:
                raise self.fail(node, "no well-formed RDF list")
            found.append(first[0])
            node = rest[0]
        return found

    def shape(self, node: RdfTerm) -> Shape:
        if node in self.known:
            return self.known[node]
        path = self.one(node, "path")
        severity = (self.text(node, "severity") or f"{SH}Violation").removeprefix(SH).lower()
        if severity not in ("violation", "warning", "info"):
            raise self.fail(node, f"sh:severity {severity} is not known: use sh:Violation or sh:Warning")
        shape = Shape(
            id=node.value,
            path=self._path(node, path) if path else None,
            name=self.text(node, "name"),
            message=self.text(node, "message"),
            severity=severity,  # type: ignore[arg-type]
            checks=[],
            properties=[],
            expects={},
            if_absent=[],
        )
        self.known[node] = shape
        for predicate, values in self.graph.nodes.get(node, {}).items():
            name = predicate.removeprefix(SH)
            if predicate == RDF_TYPE:
                self._type(node, values)
            elif not predicate.startswith(SH):
                if not predicate.startswith(_DOCUMENTATION):
                    raise self.fail(node, f"{prefixed(predicate)} is no term of SHACL: take it out")
            elif name not in _NO_CONSTRAINTS:
                for value in values:
                    self._constraint(shape, node, name, value)
        return shape

    def _path(self, node: RdfTerm, path: RdfTerm) -> Path:
        try:
            return compile_path(path, self.graph, self.members)
        except ValueError as error:
            raise self.fail(node, str(error)) from error

    def _type(self, node: RdfTerm, types: Iterable[RdfTerm]) -> None:
        for one in types:
            if one.value not in (f"{SH}NodeShape", f"{SH}PropertyShape"):
                raise self.fail(node, f"targets by type {prefixed(one.value)} are not known: use sh:targetClass")

    def _constraint(self, shape: Shape, node: RdfTerm, name: str, value: RdfTerm) -> None:
        shape.expects[name] = value.value.removeprefix(SH)
        if name == "property":
            shape.properties.append(self.shape(value))
        elif name == "closed" and value.value == "false":
            pass
        elif name == "or":
            shape.checks.append(_or([self.shape(one) for one in self.members(value)]))
        elif name == "node":
            shape.checks.append(_each(name, self.shape(value).conforms))
        elif name == "class":
            iri = value.value
            shape.checks.append(_each(name, lambda graph, one: one.kind != LITERAL and graph.is_instance(one, iri)))
        elif name in ("minCount", "maxCount"):
            shape.checks.append(_count(name, int(value.value)))
            if name == "minCount" and int(value.value) > 0:
                shape.if_absent.append(name)
        elif name == "hasValue":
            shape.checks.append(lambda graph, focus, values: () if value in values else ((name, None),))
            shape.if_absent.append(name)
        elif name == "uniqueLang" and value.value == "true":
            shape.checks.append(_unique_language)
        else:
            test = self._test(node, name, value)
            shape.checks.append(_each(name, lambda graph, one: test(one)))

    def _test(self, node: RdfTerm, name: str, value: RdfTerm) -> Callable[[RdfTerm], bool]:
        """Return the test of a constraint that looks at each value separately."""
        if name == "nodeKind" and value.value.removeprefix(SH) in _KINDS:
            kinds = _KINDS[value.value.removeprefix(SH)]
            return lambda one: one.kind in kinds
        if name == "datatype":
            return lambda one: is_of_datatype(one, value.value)
        if name == "in":
            members = set(self.members(value))
            return lambda one: one in members
        if name == "languageIn":
            tags = [one.value.lower() for one in self.members(value)]
            return lambda one: any(
                one.language.lower() == tag or one.language.lower().startswith(f"{tag}-") for tag in tags
            )
        if name == "pattern":
            flags = sum({"i": re.I, "s": re.S, "m": re.M, "x": re.X}[flag] for flag in self.text(node, "flags") or "")
            pattern = re.compile(value.value, flags)
            return lambda one: one.kind != BLANK and bool(pattern.search(one.value))
        if name in ("minLength", "maxLength"):
            size, sign = int(value.value), 1 if name == "minLength" else -1
            return lambda one: one.kind != BLANK and sign * len(one.value) >= sign * size
        raise self.fail(node, f"sh:{name} {prefixed(value.value)} is not known to this engine: use another constraint")


def _count(name: str, limit: int) -> Check:
    if name == "minCount":
        return lambda graph, focus, values: ((name, None),) if len(values) < limit else ()
    return lambda graph, focus, values: ((name, None),) if len(values) > limit else ()


def _each(name: str, is_well: Callable[[RdfGraph, RdfTerm], bool]) -> Check:
    def check(graph: RdfGraph, focus: RdfTerm, values: Sequence[RdfTerm]) -> Iterable[tuple[str, RdfTerm | None]]:
        return [(name, value) for value in values if not is_well(graph, value)] if values else ()

    return check


def _or(shapes: Sequence[Shape]) -> Check:
    return _each("or", lambda graph, value: any(shape.conforms(graph, value) for shape in shapes))


def _unique_language(
    graph: RdfGraph, focus: RdfTerm, values: Sequence[RdfTerm]
) -> Iterable[tuple[str, RdfTerm | None]]:
    tags = [value.language.lower() for value in values if value.language]
    return [("uniqueLang", None) for tag in dict.fromkeys(tags) if tags.count(tag) > 1]
