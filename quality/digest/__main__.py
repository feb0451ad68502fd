"""Record the digests of the open versions in ``specs/methodology.toml``: ``python -m quality.digest`` or ``make
digest``.

Prints a line for each digest that has changed.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from quality.digest import digest, tables
from specs.methodology import PATH
from specs.metrics import methodology_version
from specs.table_rules import table_rules_version


def record(text: str, table: str, version: str, found: str) -> str:
    """Return the text of ``methodology.toml`` with the digest of one version replaced or, for a new version, added at
    the end.

    ``text`` is the present text, ``table`` the TOML table to which the version belongs ("versions" or "table_rules"),
    ``found`` the digest.
    """
    head = f'[{table}."{version}"]\n'
    if head not in text:
        return f'{text.rstrip()}\n\n{head}answers = "{found}"\n'
    before, _, after = text.partition(head)
    return before + head + re.sub(r'(?m)^answers = "[0-9a-f]*"$', f'answers = "{found}"', after, count=1)


def main() -> None:
    """Compute the digests of the methodology and of the table rules, and write them to ``specs/methodology.toml``.

    A line is printed for each digest that differs from the recorded one.
    """
    with TemporaryDirectory(prefix="winnow-") as folder:
        of_tables = tables.together(tables.looked(Path(folder)))
    found = (("versions", methodology_version(), digest()), ("table_rules", table_rules_version(), of_tables))
    for table, version, one in found:
        text = PATH.read_text("utf-8")
        changed = record(text, table, version, one)
        if changed != text:
            PATH.write_text(changed, "utf-8")
            sys.stdout.write(f'{table}."{version}": {one}\n')


if __name__ == "__main__":
    main()
