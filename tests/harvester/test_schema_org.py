"""What schema.org records say beside the words of schema.org."""

from __future__ import annotations

from typing import Any

import pytest

from harvester.spiders.sitemap.record import to_dataset

SHAPE = "POLYGON((1 2, 3 2, 3 4, 1 2))"
LITERAL = {"@value": SHAPE, "@type": "geosparql:wktLiteral"}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"geosparql:hasGeometry": {"@type": "sf#Polygon", "geosparql:asWKT": LITERAL}}, (SHAPE,)),
        ({"http://www.opengis.net/ont/geosparql#hasGeometry": [{"geo:asWKT": SHAPE}]}, (SHAPE,)),
        ({"geo:hasGeometry": {"geo:asGeoJSON": '{"type": "Point"}', "geo:asWKT": ""}}, ('{"type": "Point"}',)),
        ({"spatialCoverage": {"@type": "Place", "geo:hasGeometry": {"geo:asWKT": LITERAL}}}, (SHAPE,)),
        ({"spatialCoverage": {"name": "Larkholm"}, "geo:hasGeometry": {"geo:asWKT": LITERAL}}, ("Larkholm",)),
        ({"geosparql:hasGeometry": {"@id": "#shape"}}, ()),
    ],
)
def test_shapes_in_the_words_of_geosparql_are_areas(said: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert to_dataset({"@id": "https://portal.example/1", **said}).spatial == expected
