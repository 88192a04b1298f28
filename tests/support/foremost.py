"""A process that goes before all other work on the machine, as if it had the machine to itself."""

import contextlib
import os
from pathlib import Path


def go_first(pid: int) -> bool:
    """Give all threads of a process, and those that they make, real-time scheduling (sched(7), SCHED_RR).

    Others that are busy on a shared machine then take no time from it, so what a test measures of it is its own doing.
    False, and nothing is changed, where the system does not let us: without the capability SYS_NICE.
    """
    try:
        os.sched_setscheduler(pid, os.SCHED_RR, os.sched_param(1))
    except PermissionError:
        return False
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(ProcessLookupError):  # a thread that has ended meanwhile
            os.sched_setscheduler(int(task.name), os.SCHED_RR, os.sched_param(1))
    return True
