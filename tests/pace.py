"""Decide which tests are slow, from their last measured times, and in which order all tests run.

``tests/durations.txt`` lists every test function that took a quarter of a second or more on two idle cores, with the
seconds of its slowest case including set-up. ``make durations`` runs everything and writes the file again. A new test
counts as quick until then, unless it is marked ``slow`` itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest

__all__ = ["Durations", "measured", "name_of"]

FILE = Path(__file__).with_name("durations.txt")
SLOW_S = 0.3
"""Seconds from which on a test is slow, so that ``make check`` leaves it out."""
KEPT_S = 0.25
QUICK_S = 0.1
"""Assumed seconds of a test that is not in the file."""


def measured(text: str) -> dict[str, float]:
    """Return the seconds of each test function, from the lines of the file."""
    lines = [line.split(" ", 1) for line in text.splitlines() if line and not line.startswith("#")]
    return {name: float(seconds) for seconds, name in lines}


def name_of(nodeid: str) -> str:
    """Return the name of a test function without the parameters of a case and without the group that xdist adds."""
    return nodeid.partition("[")[0].partition("@")[0]


class Durations:
    """Pytest plugin: mark slow tests, order all tests, and measure them if asked to."""

    def __init__(self, known: dict[str, float], *, is_recording: bool) -> None:
        self.known, self.is_recording = known, is_recording
        self.spent: dict[str, float] = defaultdict(float)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Mark slow tests, and put the longest first, so that all workers end at nearly the same time.

        Tests that share a set-up stay together, and are slow together.
        """
        groups: dict[str, list[pytest.Item]] = defaultdict(list)
        for item in items:
            shared = item.get_closest_marker("xdist_group")
            groups[f"@{shared.args[0]}" if shared else item.nodeid].append(item)
        lengths = {key: [self.known.get(name_of(one.nodeid), QUICK_S) for one in ones] for key, ones in groups.items()}
        for key, ones in groups.items():
            if max(lengths[key]) >= SLOW_S:
                for one in ones:
                    one.add_marker("slow")
        order: Sequence[str] = sorted(groups, key=lambda key: -sum(lengths[key]))
        items[:] = [one for key in order for one in groups[key]]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add up the seconds of set-up, call and tear-down."""
        if self.is_recording:
            self.spent[report.nodeid] += report.duration

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the file, in the process that runs all tests and not in xdist's workers."""
        if not self.is_recording or hasattr(session.config, "workerinput"):
            return
        slowest: dict[str, float] = defaultdict(float)
        for nodeid, seconds in self.spent.items():
            slowest[name_of(nodeid)] = max(slowest[name_of(nodeid)], seconds)
        lines = [f"{seconds:.2f} {name}\n" for name, seconds in sorted(slowest.items()) if seconds >= KEPT_S]
        FILE.write_text("# Seconds of each test's slowest case: written by make durations.\n" + "".join(lines), "utf-8")
