"""Check addresses and look into files on many machines: split a run into shards, work on each, merge what they found.

    winnow shards 8 --out tasks/             plan: what each machine needs, in a folder of its own
    winnow check --shard tasks/3 --out part  anywhere: no catalogue, nothing but this program and the network
    winnow merge parts/*                     where the catalogue is: check every row, and store it

A shard is a set of hosts. No host is in two shards, so the delay between two requests to a host holds over all
machines. A task and a part are plain files; what carries them, and what starts the machines, is up to the operator.
"""

from __future__ import annotations
