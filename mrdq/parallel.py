"""The same work on many items, on several cores of this machine."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import get_context
from typing import Any, TypeVar

from mrdq.errors import refuse

Item = TypeVar("Item")
Result = TypeVar("Result")

_AHEAD = 2  # items a core that wait, so that results that nobody has taken yet do not pile up
_PR_SET_PDEATHSIG = 1  # of Linux
_work: Callable[[Any], Any]


def available() -> int:
    """Cores that this process may use: the scheduler's word if there is one."""
    given = os.environ.get("SLURM_CPUS_PER_TASK", "")
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    return min(int(given), allowed) if given.isdigit() and int(given) else allowed


def each(work: Callable[[Item], Result], items: Sequence[Item], cores: int) -> Iterator[Result]:
    """``work`` of every item, in the order of the items, on up to ``cores`` processes.

    Processes are forked: ``work`` may hold anything, however large, and only items and results are
    sent.  An exception of ``work`` is raised here.  Where processes cannot be forked safely (not on
    Linux), and for one item or core, the work is done in this process.
    """
    n = min(cores, len(items))
    if n < 2 or not sys.platform.startswith("linux"):
        yield from map(work, items)
        return
    global _work
    _work = work
    with warnings.catch_warnings():
        # Python 3.12 warns of threads at each fork; those of numpy and Arrow are known to survive it.
        warnings.simplefilter("ignore", DeprecationWarning)
        with ProcessPoolExecutor(
            n, mp_context=get_context("fork"), initializer=_end_with, initargs=(os.getpid(),)
        ) as pool:
            yield from _in_order(pool, items, n)


def _in_order(pool: ProcessPoolExecutor, items: Sequence[Any], n: int) -> Iterator[Any]:
    left = iter(items)
    waiting: deque[Future[Any]] = deque(pool.submit(_do, item) for item in islice(left, n * _AHEAD))
    try:
        while waiting:
            result = waiting.popleft().result()
            waiting.extend(pool.submit(_do, item) for item in islice(left, 1))
            yield result
    except BrokenProcessPool:
        refuse("--cores", "processes that end their work", f"one of {n} was killed",
               remedy="Is the memory too small? Use fewer cores, or ask the scheduler for more memory.")  # fmt: skip
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _end_with(parent: int) -> None:
    """End this process when its parent is killed, which cannot tell it; it would wait for ever."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _do(item: Any) -> Any:
    return _work(item)
