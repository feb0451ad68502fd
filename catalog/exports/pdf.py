"""``report.pdf``: a government's page as PDF, printed by Chromium if it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from catalog.exports.job import ExportJob, OutputFormat
from catalog.exports.page import ReportPages
from catalog.files import write_whole

__all__ = ["SECONDS", "PrintedPages", "browser", "numbered", "write_pdf"]

SECONDS = 60
"""Seconds for one page, the start of the browser included."""


class PrintedPages(OutputFormat):
    """Writes ``report.pdf``: the page of each government as PDF, if the options ask for it."""

    name = "report.pdf"
    title = "The page of a government, printed"

    def write(self, job: ExportJob) -> Iterator[Path]:
        """Print the page of each government whose files must be written, see :meth:`ExportJob.is_due`; yield the paths
        of the PDFs.

        :class:`ReportPages` must have written the pages before. Nothing is printed unless the options ask for it and a
        browser is installed. A page is left out if printing it fails, or if it is not reached within ``print_seconds``
        of the options.
        """
        deadline = time.monotonic() + job.options.print_seconds
        for one in job.governments() if job.options.is_printed else ():
            left = deadline - time.monotonic()
            if left > 0 and (printed := write_pdf(one.path / ReportPages.name, job.run_id, left)):
                yield printed


def browser() -> str | None:
    """Return the path of an installed Chromium or Chrome, which prints the pages; None if there is none."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def write_pdf(page: Path, run_id: str, seconds: float = SECONDS) -> Path | None:
    """Print the HTML file ``page`` to a PDF with the same name beside it, and return the path of the PDF.

    ``run_id``: id of the run, whose time is written into the PDF instead of the present time. ``seconds``: time limit.
    None if no browser is installed, or if printing failed or took too long.
    """
    program = browser()
    if program is None:
        return None
    target = page.with_suffix(".pdf")
    part = target.with_name(f"{target.name}.part")
    with tempfile.TemporaryDirectory(prefix="winnow-pdf-") as profile:
        # The page has no script and loads nothing, so a sandbox, which needs special rights, would protect nothing.
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer", "--no-first-run"]
        offline = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
        command = [program, *flags, *offline, f"--user-data-dir={profile}", f"--print-to-pdf={part.resolve()}"]
        try:
            subprocess.run(
                [*command, page.resolve().as_uri()], timeout=seconds, capture_output=True, check=True, cwd=profile
            )
            printed = part.read_bytes()
        except (OSError, subprocess.SubprocessError):
            part.unlink(missing_ok=True)
            return None
    # The browser's clock would make each printing different.
    stamp = run_id.replace("T", "")[:14].encode()
    part.unlink()
    write_whole(target, re.sub(rb"(/(?:CreationDate|ModDate) \(D:)\d{14}", rb"\g<1>" + stamp, numbered(printed)))
    return target


_NODE = re.compile(rb"\(node\d{8}\)")
_NAMES = re.compile(rb"(?<=/Names \[)(?:\(node\d{8}\) \d+ 0 R ?)+(?=\])")
_LIMITS = re.compile(rb"(?<=/Limits \[)\(node\d{8}\) \(node\d{8}\)(?=\])")


def numbered(printed: bytes) -> bytes:
    """Return a PDF of Chromium whose ids of table cells do not depend on when what was drawn.

    Chromium numbers the nodes of a page as its threads come to them, so two printings of one page differ in a few bytes
    on a busy machine. The ids are numbered anew in the order in which they stand in the PDF, and the list that finds
    them is sorted again; the length and all offsets stay as they are. Other PDFs are returned unchanged, and so is one
    in which the list is in several parts.
    """
    names, limits = _NAMES.findall(printed), _LIMITS.findall(printed)
    if len(names) != 1 or len(limits) > 1:
        return printed
    # The list itself comes in the order of the old ids.
    outside = _LIMITS.sub(b"", _NAMES.sub(b"", printed))
    ids = dict.fromkeys([*_NODE.findall(outside), *sorted(_NODE.findall(names[0]))])
    new = {old: b"(node%08d)" % number for number, old in enumerate(ids, 1)}
    entries = sorted(new[one[:14]] + one[14:] for one in re.findall(rb"\(node\d{8}\) \d+ 0 R", names[0]))
    ends = b" ".join((entries[0][:14], entries[-1][:14]))
    made = _NODE.sub(lambda found: new[found[0]], printed)
    return _LIMITS.sub(lambda _: ends, _NAMES.sub(lambda _: b" ".join(entries), made))
