"""What declares a CSV that is sent is refused where it contradicts itself."""

from __future__ import annotations

from pathlib import Path

import pytest

import specs.exports
from specs.errors import SpecError
from specs.exports import REPLY_COLUMNS, SCHEMAS, export_files, schema_version

COLUMN = '[[column]]\nname = "x"\ntype = "string"\ndescription = "X."\n'
HEAD = f'schema_version = {{ 1 = "1.0", 2 = "2.0" }}\n{COLUMN.replace("x", "run_id")}'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f'title = "T"\nkey = ["y"]\norder = 1\n{COLUMN}', r"trial\.toml: key: there is no column y"),
        (f'title = "T"\nkey = ["x"]\norder = 1\n{COLUMN}{COLUMN}', r"trial\.toml: column x: twice"),
        (f'title = "T"\nkey = ["x"]\norder = 1\n{COLUMN.replace("string", "text")}', r"trial\.toml: column\.0\.type"),
        (f'title = "T"\nkey = ["x"]\norder = 1\nsent = true\n{COLUMN}', r"trial\.toml: .*sent"),
    ],
)
def test_a_bad_file_is_told_with_key_and_remedy(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "_head.toml").write_text(HEAD, "utf-8")
    (tmp_path / "trial.toml").write_text(text, "utf-8")
    monkeypatch.setattr(specs.exports, "HERE", tmp_path)
    specs.exports._head.cache_clear()
    try:
        with pytest.raises(SpecError, match=said):
            export_files.__wrapped__()
    finally:
        specs.exports._head.cache_clear()


def test_files_of_schema_1_begin_with_the_columns_of_the_head_and_those_of_schema_2_do_not() -> None:
    for schema in SCHEMAS:
        for file in export_files(schema).values():
            names = [column.name for column in file.column]
            begins = names[:2] == ["schema_version", "methodology_version"]
            assert begins == (file.has_head and schema == 1), file.name
            assert set(file.key) <= set(names) and file.key
            assert schema == 1 or not {"schema_version", "methodology_version", "run_id", "run_date"} & set(names)
        assert schema_version(schema).split(".")[0] == str(schema)


def test_what_the_recipient_fills_in_is_declared_once() -> None:
    for name in ("findings", "causes"):
        to_fill = [one.name for one in export_files()[name].column if one.description.startswith("To fill in")]
        assert sorted(to_fill) == sorted(REPLY_COLUMNS)
