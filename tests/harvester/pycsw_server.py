"""pycsw, a real catalogue service, on a free port of the loopback interface, over records of our own in SQLite.

Run as a program, in a process of its own: pycsw warns, and prints. It takes the number of records and pycsw's
``maxrecords``, writes its address to standard output and serves until it is ended. pycsw's own repository needs
SQLAlchemy; this one needs nothing, and leaves everything that is asked and answered to pycsw.
"""

from __future__ import annotations

import sqlite3
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import distribution
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from types import SimpleNamespace
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

__all__ = ["Repository", "pycsw_at"]

GMD = "http://www.isotc211.org/2005/gmd"
COLUMNS = (
    "identifier", "typename", "schema", "mdsource", "insert_date", "xml", "anytext", "type", "title", "abstract",
    "date_modified", "date", "wkt_geometry",
)  # fmt: skip


def iso(name: str, level: str, modified: str) -> str:
    """Return a record in ISO 19139."""
    return (
        f'<gmd:MD_Metadata xmlns:gmd="{GMD}" xmlns:gco="http://www.isotc211.org/2005/gco">'
        f"<gmd:fileIdentifier><gco:CharacterString>{name}</gco:CharacterString></gmd:fileIdentifier>"
        f'<gmd:hierarchyLevel><gmd:MD_ScopeCode codeList="c" codeListValue="{level}"/></gmd:hierarchyLevel>'
        f"<gmd:dateStamp><gco:DateTime>{modified}</gco:DateTime></gmd:dateStamp><gmd:identificationInfo>"
        "<gmd:MD_DataIdentification><gmd:citation><gmd:CI_Citation><gmd:title>"
        f"<gco:CharacterString>Larkholm {name}</gco:CharacterString></gmd:title></gmd:CI_Citation></gmd:citation>"
        "<gmd:abstract><gco:CharacterString>Made up.</gco:CharacterString></gmd:abstract>"
        "</gmd:MD_DataIdentification></gmd:identificationInfo></gmd:MD_Metadata>"
    )


METADATA = {
    f"{part}_{name}": "Larkholm"
    for part, names in {
        "identification": "title abstract keywords keywords_type fees accessconstraints",
        "provider": "name url",
        "contact": "name position address city stateorprovince postalcode country phone fax email url hours "
        "instructions role",
    }.items()
    for name in names.split()
}


class Repository:
    """The repository plugin that pycsw asks: it answers queries by a condition in SQL, an order and an offset."""

    dbtype = "sqlite"
    fts = False
    database = ""

    def __init__(self, context: Any, repo_filter: str | None = None) -> None:
        self.context = context
        self.rows = sqlite3.connect(self.database)
        self.queryables: dict[str, Any] = {
            name: dict(columns)
            for kind in context.model["typenames"].values()
            for name, columns in kind["queryables"].items()
        }
        self.queryables["_all"] = {k: v for columns in list(self.queryables.values()) for k, v in columns.items()}
        self.queryables["_all"].update(context.md_core_model["mappings"])

    def _found(self, rest: str, values: list[Any]) -> list[SimpleNamespace]:
        names = set(self.context.md_core_model["mappings"].values()) | set(COLUMNS)
        sql = f"select {', '.join(COLUMNS)} from records {rest}"  # noqa: S608  # pycsw made it, of its own columns
        found = self.rows.execute(sql, values)
        return [SimpleNamespace(**{**dict.fromkeys(names), **dict(zip(COLUMNS, row, strict=True))}) for row in found]

    def query_ids(self, ids: list[str]) -> list[SimpleNamespace]:
        return self._found(f"where identifier in ({','.join('?' * len(ids))})", list(ids))

    def query_insert(self, direction: str = "max") -> Any:
        found = self.rows.execute("select min(insert_date), max(insert_date) from records").fetchone()
        return found[direction != "min"]

    def query(
        self, constraint: Any, sortby: Any = None, typenames: Any = None, maxrecords: Any = 10, startposition: Any = 0
    ) -> list[Any]:
        values = list(constraint.get("values", ()))
        where = constraint.get("where", "1").replace("%s", "?")
        for n in reversed(range(len(values))):
            where = where.replace(f":pvalue{n}", f"?{n + 1}")
        count = f"select count(*) from records where {where}"  # noqa: S608  # pycsw made it, of its own columns
        total = self.rows.execute(count, values).fetchone()[0]
        order = f"order by {sortby['propertyname']} {sortby['order']}" if sortby else ""
        rest = f"where {where} {order} limit {int(maxrecords)} offset {int(startposition)}"
        return [str(total), self._found(rest, values)]


def main(count: int, maxrecords: int, database: str) -> None:
    """Serve so many records; every fifth describes a service."""
    # pycsw 2.6 asks pkg_resources for its own version, and nothing else. setuptools has none from 82 on.
    sys.modules["pkg_resources"] = SimpleNamespace(require=lambda name: [distribution(name)])  # type: ignore[assignment]
    from pycsw import server

    Repository.database = database
    rows = sqlite3.connect(database)
    rows.execute(f"create table records ({', '.join(COLUMNS)})")
    for n in range(count):
        name, level = f"record-{n:03}", "service" if n % 5 == 4 else "dataset"
        at = f"2025-{n % 12 + 1:02}-03T04:05:06Z"
        values = {"identifier": name, "typename": "gmd:MD_Metadata", "schema": GMD, "mdsource": "local", "type": level}
        values |= {"insert_date": at, "xml": iso(name, level, at), "anytext": name, "title": f"Larkholm {name}"}
        values |= {"abstract": "Made up.", "date_modified": at, "date": at}
        places = ",".join("?" * len(COLUMNS))
        insert = f"insert into records values ({places})"  # noqa: S608  # question marks
        rows.execute(insert, [values.get(column) for column in COLUMNS])
    rows.commit()

    class Quiet(WSGIRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Print nothing."""

    def application(env: Any, start_response: Any) -> list[bytes]:
        config = {
            "server": {
                "home": ".", "url": f"{address}/csw", "mimetype": "application/xml; charset=UTF-8", "encoding": "UTF-8",
                "language": "en-US", "maxrecords": str(maxrecords), "profiles": "apiso",
            },
            "manager": {"transactions": "false", "allowed_ips": "127.0.0.1"},
            "metadata:main": METADATA,
            "metadata:inspire": {"enabled": "false"},
            "repository": {"source": f"{Repository.__module__}.Repository", "table": "records"},
        }  # fmt: skip
        service = server.Csw(config, env)
        status, contents = service.dispatch_wsgi()
        start_response(status, [("Content-Type", str(service.contenttype)), ("Content-Length", str(len(contents)))])
        return [contents]

    with make_server("127.0.0.1", 0, application, handler_class=Quiet) as http:
        address = f"http://127.0.0.1:{http.server_port}"
        sys.stdout.write(f"{address}\n")
        sys.stdout.flush()
        http.serve_forever()


@contextmanager
def pycsw_at(folder: Path, *, count: int = 13, maxrecords: int = 3) -> Iterator[str]:
    """Run pycsw and yield its address: CSW is at ``/csw``, OAI-PMH at ``/csw?mode=oaipmh``."""
    command = [sys.executable, __file__, str(count), str(maxrecords), str(folder / "pycsw.db")]
    with Popen(command, stdout=PIPE, stderr=DEVNULL, text=True, cwd=Path(__file__).parent) as process:
        try:
            assert process.stdout
            address = process.stdout.readline().strip()
            assert address, "pycsw did not start"
            yield address
        finally:
            process.kill()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
