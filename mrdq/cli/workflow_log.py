"""The jobs of the workflow as people see them: what is done, what is left, and what failed.

Snakemake tells each event of its jobs to Python's logging, with fields; this listens.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mrdq.cli.progress import LOGS, Log, log_name
from mrdq.cli.progress_display import Bars, Clock, Display, Lines, Several, Step, display, duration
from mrdq.failures import FailedJob, summary

READING = "ingest"
_NAMES = {
    READING: "reading exports",
    "gather": "gathering wells",
    "call": "calling",
    "seal": "sealing",
    "close": "sealing the pages",
    "gate": "asking whether every run was read",
}
_NO_JOBS = ("all", "everything", "total")


class Jobs(logging.Handler):
    """Shows the jobs of a study's workflow, and logs them as ``logs/workflow-TIME-PROCESS.log``.

    Silent until :meth:`begin`: a dry run has no jobs.  ``results``: folder of the results, in ``root``;
    ``others``: what shows Snakemake's own words, of which only errors are left on a terminal.
    """

    def __init__(
        self,
        root: Path,
        results: str,
        others: Sequence[logging.Handler] = (),
        clock: Clock = time.monotonic,
    ) -> None:
        super().__init__()
        self._root, self._results, self._clock = root.absolute(), results, clock
        self._others = others
        self._display: Display = Lines(lambda _: None)
        self._log = Log(None, bool)
        self._expected: Mapping[str, int] = {}
        self._jobs: dict[int, tuple[str, str]] = {}
        self._steps: dict[str, Step] = {}
        self._failed: dict[int, FailedJob] = {}
        self._is_on, self._done, self._began = False, 0, 0.0

    def begin(self, shown: Display | None = None) -> None:
        """Show and log from now on."""
        self._is_on, self._began = True, self._clock()
        shown = shown or display()
        for other in self._others if isinstance(shown, Bars) else ():
            other.setLevel(logging.ERROR)
        self._log = Log(self._root / LOGS / log_name("workflow"), lambda: True)
        self._display = Several(shown, Lines(self._log.write))
        jobs = [self._in_words(*one) for one in self._expected.items() if one[0] not in _NO_JOBS]
        self._display.say(f"to do: {', '.join(jobs)}")

    def end(self, *, success: bool) -> None:
        """Tell how it ended: where it failed, by each job that failed."""
        self._display.close()
        lasted, total = duration(self._clock() - self._began), self._expected.get("total", 0)
        if success:
            self._display.say(f"done: {self._done:,} jobs in {lasted}")
        else:
            for line in summary(self._root, self._results, list(self._failed.values())):
                self._display.say(line)
            self._display.say(f"{self._done:,} of {total:,} jobs were done in {lasted}, and stay done. "
                              "Mend the cause, and start the workflow again.")  # fmt: skip
        self._log.close()
        self._is_on = False

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._hear(str(getattr(record, "event", None)), record.__dict__)
            if self._is_on and record.levelno >= logging.ERROR:
                self._display.close()  # Snakemake's own words come next
        except Exception:  # noqa: BLE001  (what is shown of the work must not stop it)
            self.handleError(record)

    def _hear(self, event: str, told: Mapping[str, Any]) -> None:
        if event == "run_info":
            self._expected = told["stats"]
        elif self._is_on and event == "job_info" and told["log"]:  # "all" has none
            self._job_begins(told)
        elif self._is_on and event == "job_finished":
            self._job_ends(told["job_id"])
        elif self._is_on and event == "job_error":
            self._job_fails(told)
        elif self._is_on and event == "group_error":
            for one in told["job_error_info"]:
                self._job_fails(one)

    def _job_begins(self, told: Mapping[str, Any]) -> None:
        job, rule = told["jobid"], told["rule_name"]
        self._jobs[job] = rule, ", ".join(map(str, dict(told["wildcards"] or {}).values()))
        if rule not in self._steps:
            total, unit = (self._expected.get(rule, 1), "batches") if rule == READING else (0, "")
            step = Step(_NAMES.get(rule, rule), total, unit, self._clock, self._clock())
            self._steps[rule] = step
            self._display.begin(step)

    def _job_ends(self, job: int) -> None:
        self._done += 1
        self._failed.pop(job, None)  # it was tried again
        step = self._steps.get(self._jobs.get(job, ("", ""))[0])
        if step is None:
            return
        step.done += 1
        if step.done < step.total:
            self._display.advance(step)
        else:
            self._display.end(step)

    def _job_fails(self, told: Mapping[str, Any]) -> None:
        rule, what = self._jobs.get(told["jobid"], (told["rule_name"], ""))
        logs = tuple(dict.fromkeys(map(str, told["log"])))
        self._failed[told["jobid"]] = FailedJob(rule, what, logs)

    def _in_words(self, rule: str, count: int) -> str:
        name = _NAMES.get(rule, rule)
        return f"{name} ({count:,} batch{'' if count == 1 else 'es'})" if rule == READING else name


def watch(logger: logging.Logger, root: Path, results: str) -> Jobs:
    """Listen to Snakemake's ``logger``, before its own handlers do."""
    shown = [one for one in logger.handlers if not isinstance(one, logging.FileHandler)]
    jobs = Jobs(root, results, shown)
    logger.handlers.insert(0, jobs)
    return jobs
