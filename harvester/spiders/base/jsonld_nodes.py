"""Resolve nodes of flattened JSON-LD, where ``@graph`` lists every node separately under its IRI."""

from __future__ import annotations

from typing import Any

__all__ = ["Nodes", "local_name", "types_of"]

_DEEPEST = 6
"""Maximum depth of nested nodes; deeper ones stay IRIs."""
_ADDRESSES = frozenset(
    ("id", "identifier", "landingPage", "homepage", "page", "accessURL", "downloadURL", "endpointURL", "url", "hasURL")
)
"""Properties whose values are addresses to follow, even if a node has the same IRI."""
_MAX_STEPS = 20_000
"""Maximum number of values visited for one dataset, so that nodes which refer to each other stay cheap."""


def local_name(name: str) -> str:
    """Return ``name``, the name of a type or property, without its prefix or namespace; a keyword ("@id") stays as it
    is.

    >>> local_name("dcat:Dataset"), local_name("http://www.w3.org/ns/dcat#Dataset")
    ('Dataset', 'Dataset')
    """
    return name if name.startswith("@") else name.rstrip("/").replace("#", "/").replace(":", "/").rpartition("/")[2]


def types_of(node: Any) -> frozenset[str]:
    """Return the types of the JSON-LD ``node`` without prefix or namespace ("Dataset"); an empty set if there are
    none."""
    said = node.get("@type", node.get("type")) if isinstance(node, dict) else None
    return frozenset(local_name(one) for one in (said if isinstance(said, list) else [said]) if isinstance(one, str))


class Nodes:
    """Store of the nodes of a JSON-LD document by their IRI, used to replace a reference by the node it names."""

    def __init__(self) -> None:
        self.by_iri: dict[str, dict[str, Any]] = {}

    def add(self, node: Any) -> None:
        """Store ``node`` under its IRI; a node without IRI, or with nothing but an IRI, is ignored.

        If a node with the same IRI is stored already, the two are merged; properties that both have keep their first
        value.
        """
        iri = _iri(node)
        if iri is not None and len(node) > 1:
            known = self.by_iri.get(iri)
            self.by_iri[iri] = {**node, **known} if known else node

    def resolve(self, node: dict[str, Any]) -> dict[str, Any]:
        """Return ``node`` with each reference to a stored node replaced by that node, at most six levels deep.

        References within nested nodes are replaced too. The values of properties that hold addresses (``landingPage``,
        ``accessURL``) and of JSON-LD keywords ("@type") stay unchanged. A reference back to a node that contains it
        stays an IRI, so that there is no endless nesting. References beyond the first 20,000 values stay as they are.
        """
        self.steps = 0
        return self._within(node, 1, (_iri(node),))

    def _within(self, node: dict[str, Any], depth: int, above: tuple[str | None, ...]) -> dict[str, Any]:
        return {
            key: value if key[:1] == "@" or local_name(key) in _ADDRESSES else self._put(value, depth, above)
            for key, value in node.items()
        }

    def _put(self, value: Any, depth: int, above: tuple[str | None, ...]) -> Any:
        self.steps += 1
        if self.steps > _MAX_STEPS or depth > _DEEPEST:
            return value
        if isinstance(value, list):
            return [self._put(one, depth, above) for one in value]
        iri = value if isinstance(value, str) else _iri(value)
        found = self.by_iri.get(iri) if iri is not None and iri not in above else None
        if isinstance(value, dict) and len(value) > 1:
            found = value
        if found is None:
            return value
        return self._within(found, depth + 1, (*above, iri))


def _iri(node: Any) -> str | None:
    """Return the IRI of a node, or a label such as "_:b0" for a blank node."""
    said = node.get("@id", node.get("id")) if isinstance(node, dict) else None
    return said if isinstance(said, str) and said else None
