"""Large files consist of parts: unchanged ones are copied, and the file is the same as one made from nothing."""

from __future__ import annotations

import gzip
import json
import random
import shutil
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from catalog.db.store import Catalog, open_catalog
from catalog.exports import export_all, finding_files, job
from catalog.exports.finding_lines import FindingLines
from catalog.exports.gzip_parts import joined_crc
from catalog.exports.parts import NEVER, PARTS, PartedFile, PartsIndex, grouped
from catalog.exports.state import STATE, read_state
from catalog.repositories.replies import import_replies
from catalog.repositories.reply_files import Reply
from catalog.repositories.sent import letters
from catalog.site.published import STATE_OF_COPY
from catalog.site.queries import queries
from catalog.site.serve import publish
from harvester.cli.configuration import Operator
from harvester.mail.letters import NO_TOKEN, LetterSender, is_divided, mail_of, message_of
from harvester.mail.mailing import Mailing
from harvester.mail.smtp import SmtpServer
from quality.findings.cause_stage import find_causes
from specs.languages import language
from tests.catalog.carding import PORTALS, RUNS, put_out, scored
from tests.catalog.test_kept_folders import NEXT, begin_run, bytes_of

pytestmark = pytest.mark.xdist_group("cards")


def write(path: Path, parts: dict[bytes, bytes], *, is_packed: bool = False) -> list[bytes]:
    """Write a file of parts by key; return the keys of those that were not taken over."""
    index, made = PartsIndex(path.parent), []
    with PartedFile(path, index, is_packed=is_packed) as file:
        for key, content in parts.items():
            if not file.keep(key):
                made.append(key)
                file.add(key, content)
    index.write()
    return made


def key(number: int) -> bytes:
    return number.to_bytes(16)


@pytest.mark.parametrize("is_packed", [False, True])
def test_unchanged_parts_are_taken_over_in_any_order(tmp_path: Path, is_packed: bool) -> None:
    path, draw = tmp_path / "file", random.Random(7)
    parts = {key(n): draw.randbytes(draw.choice([0, 1, 300, 70_000])) for n in range(1, 12)}
    assert write(path, parts, is_packed=is_packed) == [*parts]
    changed = {key(20): b"new", **dict(reversed(parts.items())), key(21): b"last"}
    del changed[key(3)], changed[key(4)]
    assert write(path, changed, is_packed=is_packed) == [key(20), key(21)]
    content = path.read_bytes()
    assert (gzip.decompress(content) if is_packed else content) == b"".join(changed.values())
    # One member: not every reader of gzip accepts several.
    assert (
        not is_packed
        or not (whole := zlib.decompressobj(31)).decompress(content).startswith(b"x")
        and (whole.eof and whole.unused_data == b"")
    )


def test_nothing_is_taken_over_from_a_file_that_was_changed(tmp_path: Path) -> None:
    path, parts = tmp_path / "file", {key(1): b"one", key(2): b"two"}
    write(path, parts)
    path.write_bytes(b"onetwO")
    assert write(path, parts) == [*parts] and path.read_bytes() == b"onetwo"
    (tmp_path / PARTS).write_text('{"file": {"sha256": "0", "parts": "?"}}', "utf-8")
    assert write(path, parts) == [*parts]
    (tmp_path / PARTS).write_text("{", "utf-8")
    assert write(path, parts) == [*parts] and write(path, parts) == []
    assert write(path, {NEVER: b"x"}) == [NEVER] == write(path, {NEVER: b"y"})


def test_a_file_that_breaks_off_leaves_the_earlier_one(tmp_path: Path) -> None:
    path, parts = tmp_path / "file", {key(1): b"one"}
    write(path, parts)
    index = PartsIndex(tmp_path)
    with pytest.raises(ZeroDivisionError), PartedFile(path, index) as file:
        file.add(key(2), b"two")
        raise ZeroDivisionError
    assert path.read_bytes() == b"one" and sorted(p.name for p in tmp_path.iterdir()) == ["file", PARTS]
    assert write(path, parts) == []


def test_the_checksum_of_joined_contents() -> None:
    draw = random.Random(1)
    for size in (0, 1, 255, 256, 257, 65_535, 65_536, 1_000_001):
        one, other = draw.randbytes(50), draw.randbytes(size)
        assert joined_crc(zlib.crc32(one), zlib.crc32(other), size) == zlib.crc32(one + other)


def test_a_new_dataset_changes_one_group_only() -> None:
    ids = [f"p-{n:05}" for n in range(2_000)]
    before, after = ({tuple(one) for one in grouped(rows, str)} for rows in (ids, sorted([*ids, "p-00777x"])))
    assert len(before - after) <= 1 and len(ids) / len(before) > 4
    # What a changed dataset makes anew is the size of its group, and long groups hold more datasets.
    assert max(map(len, before)) == 8 and sum(len(one) ** 2 for one in before) / len(ids) < 7


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parts")
    with scored(folder, runs=1):
        pass
    return folder


@pytest.fixture
def catalog(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Catalog]:
    # As if there were too many for one file.
    monkeypatch.setattr(job, "FINDINGS_MAX", 3)
    data = Path(shutil.copytree(made, tmp_path / "data"))
    with open_catalog(data / "catalog.db") as opened:
        put_out(opened, data / "exports")
        yield opened


def changes(catalog: Catalog) -> Iterator[str]:
    """Change the catalogue step by step, and yield what was changed."""
    run = catalog.db.conn.execute
    begin_run(catalog, RUNS[1])
    yield "nothing"
    begin_run(catalog)
    run("update datasets set title = 'Other', mapping_hash = 'x' where id = (select max(id) from datasets)")
    run(
        """update finding_rows set state = 'fixed', fixed_key = (select key from keys where id = ?)
           where key in (select key from finding_rows where dataset_key is not null order by key limit 2)""",
        [NEXT],
    )
    catalog.db.conn.commit()
    yield "a title and two findings"
    find_causes(catalog, NEXT, [portal.id for portal in PORTALS], hold_days=0)
    yield "causes"
    finding = catalog.value("select max(id) from open_findings where dataset_id is not null")
    cause = catalog.value("select id from causes order by findings desc, id")
    about = {"promised_on": "2026-11-01", "note": None, "replied_by": "A", "replied_on": "2026-10-01"}
    replies = [Reply(line=n, finding_id=one, reply="will_fix_by", **about) for n, one in enumerate((finding, cause), 2)]
    assert not import_replies(catalog, replies, "2026-11-21").problems
    yield "replies"
    run("update datasets set status = 'retired', retired_at = '2026-11-22' where portal_id = 'c'")
    catalog.db.conn.commit()
    yield "a portal is gone"


def test_an_export_of_parts_is_as_one_made_from_nothing(catalog: Catalog, tmp_path: Path) -> None:
    out, kept = catalog.path.parent / "exports", 0
    for step, what in enumerate(changes(catalog)):
        run_id = str(catalog.latest_run())
        fresh = tmp_path / f"fresh{step}"
        # The folders of publishers that exist are always written.
        for folder in out.rglob("*"):
            if folder.is_dir():
                (fresh / folder.relative_to(out)).mkdir(parents=True)
        before = bytes_of(out)
        export_all(catalog, run_id, out)
        export_all(catalog, run_id, fresh)
        after, new = bytes_of(out), bytes_of(fresh)
        for name in after.keys() | new.keys():
            if name.endswith(("findings.csv", "findings-others.csv")):
                assert after.get(name) == new.get(name) or after.get(name) == before.get(name), (what, name)
        rdf = {name for name in new if name.startswith("rdf/") and name.endswith(".gz")}
        assert rdf == {name for name in after if name.startswith("rdf/") and name.endswith(".gz")} and len(rdf) > 3
        for name in rdf:
            assert gzip.decompress(after[name]) == gzip.decompress(new[name]), (what, name)
        kept += sum(after[name] == before[name] for name in before.keys() & after.keys())
    assert kept > 20 and any(name.endswith("findings-others.csv") for name in after)


def test_only_changed_datasets_are_rendered(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    lines = FindingLines.lines

    def noted(self: FindingLines, ids: list[str]) -> Iterator[tuple[str, list[str]]]:
        read.extend(ids)
        return lines(self, ids)

    monkeypatch.setattr(finding_files.FindingLines, "lines", noted)
    begin_run(catalog, RUNS[1])
    changed = catalog.value("select max(id) from datasets where portal_id = 'c'")
    catalog.db.conn.execute("update datasets set title = 'Other', mapping_hash = 'x' where id = ?", [changed])
    catalog.db.conn.commit()
    export_all(catalog, RUNS[1], catalog.path.parent / "exports")
    assert changed in read and len(read) < catalog.value("select count(*) from datasets") / 2


def test_who_has_too_many_findings_for_one_file_is_told_where_they_are(catalog: Catalog) -> None:
    exports = catalog.path.parent / "exports"
    folder = exports / "gamma"
    package = json.loads((folder / "datapackage.json").read_text("utf-8"))
    listed = {one["path"] for one in package["resources"]}
    assert "too many findings" in package["description"] and "findings-others.csv" in listed
    assert any(path.startswith("publishers/") for path in listed) and all((folder / path).is_file() for path in listed)
    catalog.db.conn.execute("update portals set contact_email = 'open@gamma.example' where id = 'c'")
    catalog.db.conn.commit()
    (letter,) = [one for one in letters(catalog, RUNS[0], "mail") if one.name == "Gamma"]
    sender = LetterSender(SmtpServer("127.0.0.1", 25, "winnow@example.org"), Operator())
    mail = mail_of(Mailing((letter,)), exports, sender, NO_TOKEN)
    assert "findings-others.csv" in {part.get_filename() for part in mail.iter_attachments()}
    for code in ("en", "fr", "es", "pt"):
        words = language(code)
        assert words.phrase("mail_apart") in message_of(letter, words, is_divided=is_divided(folder))
    (folder / "findings-others.csv").rename(folder / "findings.csv")
    assert not is_divided(folder) and "datapackage.json" not in message_of(letter, language("en"))


def test_the_public_copy_is_made_again_only_after_a_change(catalog: Catalog) -> None:
    data = catalog.path.parent
    out, exports = data / "site" / "catalog.db", data / "exports"
    assert publish(catalog.path, out, exports) and not publish(catalog.path, out, exports)
    # Nothing in it ages: what is new in this run is not new after the next, which makes no copy.
    assert catalog.value("select count(*) from findings where state = 'new'")
    with closing(sqlite3.connect(out)) as copy:
        states = {row[0] for table in ("findings", "causes") for row in copy.execute(f"select state from {table}")}  # noqa: S608
        last = copy.execute(queries()["what_changed_last_night"]["sql"], {"portal": ""}).fetchall()
    assert "new" not in states and "open" in states and "new finding" in {row[0] for row in last}
    begin_run(catalog, RUNS[1])
    export_all(catalog, RUNS[1], exports)
    assert publish(catalog.path, out, exports)
    begin_run(catalog)
    export_all(catalog, NEXT, exports)
    # The run alone is no change.
    assert not publish(catalog.path, out, exports)
    catalog.db.conn.execute("update resource_checks set checked_at = '2099-01-01T00:00:00Z'")
    catalog.db.conn.execute("update datasets set changed_run = ?", [NEXT])
    catalog.db.conn.commit()
    assert publish(catalog.path, out, exports) and not publish(catalog.path, out, exports)
    # Another version of the program may show other figures of the same catalogue.
    state = out.parent / STATE_OF_COPY
    state.write_text(json.dumps(json.loads(state.read_text()) | {"basis": "of another program"}))
    assert publish(catalog.path, out, exports) and not publish(catalog.path, out, exports)
    with out.open("ab") as file:
        file.write(b"x")
    assert publish(catalog.path, out, exports)
    # It is not known what this one is made from.
    assert publish(catalog.path, out) and not (out.parent / STATE_OF_COPY).exists()
    assert publish(catalog.path, out, exports)
    (exports / STATE).unlink()
    assert not read_state(exports).everything and publish(catalog.path, out, exports)
