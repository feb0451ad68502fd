"""Three fictional governments' portals on the loopback interface, for ``winnow demo`` and for tests."""

from harvester.demo.server import DemoServer
from harvester.demo.story import STORY

__all__ = ["STORY", "DemoServer"]
