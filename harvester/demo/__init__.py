"""Three fictional governments' portals on the loopback interface, for ``winnow demo`` and for tests."""

from harvester.demo.server import NIGHTS, DemoServer
from harvester.demo.story import LATER, STORY

__all__ = ["LATER", "NIGHTS", "STORY", "DemoServer"]
