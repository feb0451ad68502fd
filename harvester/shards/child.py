"""Work on one shard in a process of its own: ``python -m harvester.shards.child TASK OUT PARENT``.

It ends when its parent ends, however that happens: if the shard is then worked on elsewhere, its hosts are not asked
from two machines at once.
"""

from __future__ import annotations

import sys
from pathlib import Path

from quality.confine import end_with_parent


def main(task: str, out: str, parent_id: str) -> int:
    """Work on the task in the folder ``task``, a harvest or a check, and write what was found into the folder ``out``.

    ``parent_id``: the process id of the parent, in digits; the process ends with its parent. Return the exit code: 0,
    or 1 with a message on stderr if the task cannot be used, and 1 if the parent has already ended.
    """
    if not end_with_parent(int(parent_id)):
        return 1
    from harvester.errors import ShardError
    from harvester.shards.harvest_task import HARVEST
    from harvester.shards.harvest_work import harvest
    from harvester.shards.task import MAX_HEAD, read_head
    from harvester.shards.work import work

    try:
        is_harvest = read_head(Path(task) / "task.json", MAX_HEAD).get("work") == HARVEST
        (harvest if is_harvest else work)(Path(task), Path(out))
    except ShardError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
