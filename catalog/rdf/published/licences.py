"""State the licences of a dataset and its files: by their address, and with the words that the record has for them."""

from __future__ import annotations

from typing import Generic

from catalog.rdf.published.sinks import Term
from catalog.rdf.published.values import address, known_licence, words
from catalog.rdf.published.writer import ResourceWriter
from catalog.rdf.terms import IRI
from catalog.rdf.values import DCT, LABEL

__all__ = ["Licences"]

_LICENCE = f"{DCT}license"


class Licences(Generic[Term]):
    """Licences of one dataset. ``declared``, ``title``: those of the dataset itself, each None if not declared."""

    def __init__(self, writer: ResourceWriter[Term], declared: str | None, title: str | None) -> None:
        self._writer, self._own = writer, (declared, title)
        self._nodes: dict[tuple[str | None, str | None], Term | None] = {}
        self.is_stated = self._node(declared, title) is not None
        """Whether the dataset has a licence that its files can have too."""

    def state(self, node: Term, declared: str | None, title: str | None, rights: str | None) -> None:
        """Add the licence of a resource, and its rights statement.

        The declared words are kept in the rights statement if they are not the licence itself. ``rights``: the declared
        rights statement. A text that says that there is no licence is a rights statement only.
        """
        writer = self._writer
        licence = self._node(declared, title)
        if licence is not None:
            writer.add(node, _LICENCE, licence)
        said = next((one.strip() for one in (declared, title) if one and one.strip()), None)
        is_kept = (
            said is None
            or known_licence(said, title).iri == said
            or (licence is not None and not self._is_ours(said, title))
        )
        if is_kept or (rights and address(rights).kind == IRI):
            writer.link(node, f"{DCT}rights", f"{DCT}RightsStatement", rights)
            return
        statement = writer.blank(f"{DCT}RightsStatement")
        writer.add(node, f"{DCT}rights", statement)
        for one in dict.fromkeys(filter(None, (rights, said))):
            writer.add(statement, LABEL, writer.term(words, one))

    def inherit(self, node: Term) -> None:
        """Add the licence of the dataset to a file that declares none."""
        licence = self._node(*self._own)
        if licence is not None:
            self._writer.readings["inherited"] = None
            self._writer.add(node, _LICENCE, licence)

    @staticmethod
    def _is_ours(said: str, title: str | None) -> bool:
        return known_licence(said, title).is_ours

    def _node(self, declared: str | None, title: str | None) -> Term | None:
        key = declared, title
        if key not in self._nodes:
            self._nodes[key] = self._made(declared, title)
        return self._nodes[key]

    def _made(self, declared: str | None, title: str | None) -> Term | None:
        writer = self._writer
        said = next((one.strip() for one in (declared, title) if one and one.strip()), None)
        if said is None or (found := known_licence(said, title)).is_none:
            return None
        called = title.strip() if title and title.strip() else said
        kind = f"{DCT}LicenseDocument"
        if found.iri is None:
            node = writer.blank(kind)
            writer.add(node, LABEL, writer.term(words, said))
            writer.add(node, f"{DCT}title", writer.term(words, called))
            return node
        if found.is_ours:
            writer.readings["licence"] = None
        if called != found.iri:
            writer.sink.note(found.iri, kind, called, f"{DCT}title")
        return writer.sink.constant(found.iri)
