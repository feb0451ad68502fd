"""What waits in the inbox is erased in time, also if nobody looks into it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from catalog.repositories.inbox import put
from harvester.night.stages import writing


def test_a_night_erases_old_messages(tmp_path: Path) -> None:
    put(tmp_path, about="d", text="t", name=None, is_name_public=False, token=None, sender="s")
    with closing(sqlite3.connect(tmp_path / "inbox.db")) as db:
        db.execute("update messages set received_at = '2020-01-01T00:00:00+00:00'")
        db.commit()
        with writing(tmp_path):
            pass
        assert not db.execute("select count(*) from messages").fetchone()[0]
