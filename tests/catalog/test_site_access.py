"""Every kind of page of the site in a browser: WCAG 2.2 AA by axe-core, and no page too long or wide for a phone."""

from __future__ import annotations

import base64
import functools
import http.server
import json
import re
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from catalog.exports.pdf import browser
from catalog.site.gate import _SHARED
from catalog.site.mirror import write_mirror
from catalog.site.pages import SiteOptions, pages
from tests.catalog.browsing import OF_THE_SITE, Site
from tests.conftest import needs

pytestmark = [*OF_THE_SITE, pytest.mark.slow, pytest.mark.browser, needs("Chromium", browser())]

AXE = Path(__file__).parents[1] / "fixtures" / "axe" / "axe.min.js"
WIDTHS = (390, 1280)
LONGEST = 8_000
"""Pixels that a page may be high on a phone."""
TABLES = ("/catalog", "/catalog/datasets", "/catalog/findings", "/catalog/portals/north", "/search?q=budget")
"""Pages of Datasette itself, and the search, which the mirror does by script."""
# Each page is shown in a frame of the width of the screen, and looked at there.
HARNESS = """<!doctype html><meta charset="utf-8"><title>look</title><body><script>
const shown = (frame, path) => new Promise((resolve, reject) => {
  frame.onload = () => resolve(frame.contentDocument); frame.onerror = reject; frame.src = path;
});
const loaded = (doc) => new Promise((resolve, reject) => {
  const script = doc.createElement("script"); script.src = "/axe.min.js";
  script.onload = resolve; script.onerror = reject; doc.head.append(script);
});
(async () => {
  const found = [];
  // With a frame drawn: only then a page notices what is in view.
  const moment = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 50)));
  for (const width of WIDTHS) for (const path of PATHS) {
    const frame = document.createElement("iframe");
    frame.width = width; frame.height = 900; document.body.append(frame);
    try {
      const doc = await shown(frame, path);
      const figure = doc.querySelector("figure[data-series]");
      figure?.scrollIntoView();
      for (let tries = 0; figure && tries < 200 && !doc.querySelector("svg.c-plot"); tries++) await moment();
      const plotted = figure ? doc.querySelectorAll("svg.c-plot").length : null;
      const height = doc.documentElement.scrollHeight, wide = doc.documentElement.scrollWidth;
      for (const one of doc.querySelectorAll("details")) one.open = true;
      await loaded(doc);
      const done = await frame.contentWindow.axe.run(doc, {
        runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], resultTypes: ["violations"]});
      found.push({path, width, height, wide, plotted, violations: done.violations.map((v) => [v.id, v.nodes.length,
        v.nodes[0].html.slice(0, 200), (v.nodes[0].failureSummary || "").slice(0, 300)])});
    } catch (error) { found.push({path, width, error: String(error)}); }
    frame.remove();
  }
  document.body.innerHTML = "<pre>" + btoa(unescape(encodeURIComponent(JSON.stringify(found)))) + "</pre>";
})();
</script>"""


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def end_headers(self) -> None:
        # The policy of the live site, but that these pages stand in frames of ours.
        if self.path != "/look.html":
            self.send_header("content-security-policy", f"{_SHARED}script-src 'self'")
        super().end_headers()


@pytest.fixture(scope="module")
def looked_at(public: Path, site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[dict[str, Any]]]:
    """What the browser found on one page of each kind, at each width."""
    out = tmp_path_factory.mktemp("access")
    write_mirror(public, out, SiteOptions(operator="Data Watch", contact="desk@example.org"))
    paths = [path for path in map(functools.partial(_first, out), pages()) if path]
    for number, table in enumerate(TABLES):
        (out / f"table-{number}.html").write_text(site.page(table), "utf-8")
        paths.append(f"/table-{number}.html")
    style = re.search(r'href="(/-/static/app\.css)', site.page(TABLES[0]))
    assert style is not None
    (out / "-/static").mkdir(parents=True)
    (out / "-/static/app.css").write_bytes(site.get(style[1]).content)
    (out / "axe.min.js").write_bytes(AXE.read_bytes())
    look = HARNESS.replace("PATHS", json.dumps(paths)).replace("WIDTHS", json.dumps(WIDTHS))
    (out / "look.html").write_text(look, "utf-8")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(out)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        done = subprocess.run(
            [str(browser()), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]
            + ["--disable-background-networking", "--disable-component-update", f"--user-data-dir={out}/profile"]
            + ["--virtual-time-budget=600000", "--window-size=1400,1000", "--dump-dom"]
            + [f"http://127.0.0.1:{server.server_port}/look.html"],
            check=True,
            capture_output=True,
            text=True,
            timeout=300,
        )
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
    told = re.search(r"<pre>([A-Za-z0-9+/=]+)</pre>", done.stdout)
    assert told is not None, done.stdout[-2000:]
    found = json.loads(base64.b64decode(told[1]))
    assert len(found) == len(paths) * len(WIDTHS)
    yield found


def _first(out: Path, page: Any) -> str | None:
    """Return the path of the first page of a kind in the mirror; None if it has none."""
    if page.form != "html" or not page.is_mirrored:
        return None
    before, bracket, _ = page.address.partition("<")
    if not bracket:
        return f"{page.address.rstrip('/')}/index.html"
    found = sorted((out / before.strip("/")).glob("*/index.html"))
    # The fullest page says most.
    chosen = max(found, key=lambda path: path.stat().st_size, default=None)
    return f"/{chosen.relative_to(out).as_posix()}" if chosen else None


def test_no_page_keeps_anybody_out(looked_at: list[dict[str, Any]]) -> None:
    wrong = [one for one in looked_at if one.get("error") or one.get("violations")]
    assert not wrong, json.dumps(wrong, indent=1)


def test_no_page_is_too_long_or_too_wide_for_a_phone(looked_at: list[dict[str, Any]]) -> None:
    wrong = [
        (one["path"], one["height"], one["wide"])
        for one in looked_at
        if one["width"] == WIDTHS[0] and (one["height"] > LONGEST or one["wide"] > WIDTHS[0] + 1)
    ]
    assert not wrong, wrong


def test_charts_of_several_nights_are_drawn_by_script_under_the_policy(looked_at: list[dict[str, Any]]) -> None:
    plotted = {one["path"].split("/")[1]: one["plotted"] for one in looked_at if one["plotted"] is not None}
    assert set(plotted) >= {"government", "portal", "publisher", "commitment"} and all(plotted.values()), plotted
