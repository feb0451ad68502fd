"""The pages of the site: rendered live under Datasette and to a folder, from the same declarations."""

from __future__ import annotations

from typing import Any

from catalog.site.pages import pages
from specs.languages import languages
from tests.catalog.browsing import OF_THE_SITE

pytestmark = OF_THE_SITE


def test_no_two_pages_answer_one_address() -> None:
    for page in pages():
        path = page.path("x.y")
        assert [one.name for one in pages() if one.name_in(path)][:1] == [page.name], path


def test_every_phrase_is_in_every_language() -> None:
    english = {key for key in languages()["en"].phrases if "." in key}
    assert english
    for one in languages().values():
        assert {key for key in one.phrases if "." in key} == english, one.code


def test_a_page_is_live_in_each_language_and_as_data(site: Any) -> None:
    assert "<h1>Imprint</h1>" in site.page("/imprint")
    assert '<html lang="es">' in site.page("/es/imprint")
    assert site.get("/imprint.json").json()["title"] == "Imprint"
    assert site.get("/xx/imprint").status_code == 404
