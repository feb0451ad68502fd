"""A Dask cluster on loopback, in processes of its own: ``python dask_cluster.py WORKERS``.

Prints the scheduler's address and the process ids of the workers as JSON, and at the end of stdin how many workers were
seen busy at once.
"""

from __future__ import annotations

import json
import sys
import threading
import time


def main() -> None:
    """Serve until stdin ends."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=int(sys.argv[1]), threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None,
    ) as cluster:  # fmt: skip
        busy, is_over = 0, threading.Event()

        def watch() -> None:
            nonlocal busy
            while not is_over.is_set():
                busy = max(busy, sum(bool(worker.processing) for worker in cluster.scheduler.workers.values()))
                time.sleep(0.02)

        thread = threading.Thread(target=watch)
        thread.start()
        pids = [nanny.pid for nanny in cluster.workers.values()]
        print(json.dumps({"address": cluster.scheduler_address, "workers": pids}), flush=True)  # noqa: T201
        sys.stdin.read()
        is_over.set()
        thread.join()
        print(json.dumps({"busy": busy}), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
