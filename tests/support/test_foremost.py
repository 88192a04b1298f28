"""Who goes first does so with every thread, or not at all."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.foremost import go_first

TWO_THREADS = "import sys, threading; threading.Thread(target=sys.stdin.read).start(); print(flush=True)"


def test_every_thread_goes_first_where_that_is_allowed_and_else_none() -> None:
    with subprocess.Popen([sys.executable, "-c", TWO_THREADS], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        allowed = go_first(child.pid)
        threads = [int(task.name) for task in Path(f"/proc/{child.pid}/task").iterdir()]
        policies = {os.sched_getscheduler(thread) for thread in threads}
        child.communicate()
    assert len(threads) == 2
    assert policies == {os.SCHED_RR if allowed else os.SCHED_OTHER}
