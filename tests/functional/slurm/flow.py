"""One start of Snakemake with the profile of SLURM: its jobs held, let go, killed, and asked about."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from types import MappingProxyType, TracebackType

from cluster import Cluster, NotReadyError, until

ROOT = Path(__file__).parents[3]
BIN = Path(sys.executable).parent
FASTER = ("--slurm-init-seconds-before-status-checks", "2", "--latency-wait", "10")
"""Polling for jobs of seconds; all else is the profile's."""

SHIM = """\
#!/bin/sh
# Stands before mrdq in the search path of jobs: holds the job of a batch, makes it hungry, or lets it die.
previous= batch=none
for word; do
  [ "$previous" = --batch ] && batch=$word
  previous=$word
done
while [ -e {place}/held/"$batch" ]; do sleep 0.1; done
if [ -e {place}/hungry/"$batch" ]; then
  {python} -c "import time; eaten = b'x' * ($(cat {place}/hungry/"$batch") << 20); time.sleep(4)"
fi
if [ -e {place}/dying/"$batch" ]; then
  echo "about to die of SIGKILL" >&2
  kill -KILL $$
fi
exec {mrdq} "$@"
"""


class Flow:
    """Snakemake on a study, in the background; ``with Flow(...) as flow: ...``.

    Arguments: ``held``, the batches whose jobs wait in their allocation until they are let go;
    ``hungry``, batch -> memory [MiB] that its job takes before it works; ``dying``, the batches whose
    jobs die; ``words``, more words of the command line.
    """

    def __init__(
        self, cluster: Cluster, study: Path, *words: str, held: Iterable[str] = (),
        hungry: Mapping[str, int] = MappingProxyType({}), dying: Iterable[str] = (),
    ) -> None:  # fmt: skip
        self.cluster, self.study, self.words, self.hungry = cluster, study, words, hungry
        self.place = study.parent / f"{study.name}-shim"
        wanted = {
            "held": dict.fromkeys(held, ""),
            "hungry": hungry,
            "dying": dict.fromkeys(dying, ""),
        }
        for folder, batches in wanted.items():
            (self.place / folder).mkdir(parents=True, exist_ok=True)
            for batch, content in batches.items():
                (self.place / folder / batch).write_text(str(content))
        names = {"place": self.place, "python": sys.executable, "mrdq": BIN / "mrdq"}
        shim = self.place / "mrdq"
        shim.write_text(SHIM.format(**{key: shlex.quote(str(word)) for key, word in names.items()}))
        shim.chmod(0o755)

    @property
    def environment(self) -> dict[str, str]:
        """The jobs inherit it."""
        plain = self.cluster.environment
        return plain | {"PATH": os.pathsep.join([str(self.place), str(BIN), plain["PATH"]])}

    def __enter__(self) -> Flow:
        words = [
            sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"),
            "--directory", str(self.study), "--workflow-profile", str(ROOT / "profiles" / "slurm"),
            "--max-threads", "2", *FASTER, *self.words,
        ]  # fmt: skip
        self.output = self.place / f"output-{time.monotonic_ns()}.txt"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                words, env=self.environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True,
            )  # fmt: skip
        return self

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        if error is not None:
            error.add_note(f"Snakemake had said:\n{self.text[-5000:]}")

    # --- Telling --------------------------------------------------------------------------------

    def let_go(self, *batches: str) -> None:
        """Let held jobs go on: of these batches, or all."""
        for batch in batches or [path.name for path in (self.place / "held").iterdir()]:
            (self.place / "held" / batch).unlink()

    def kill(self) -> None:
        """SIGKILL for Snakemake itself; its jobs are the scheduler's."""
        assert self.process.poll() is None, "Snakemake had ended before it was killed"
        self.process.send_signal(signal.SIGKILL)
        assert self.process.wait(20) == -signal.SIGKILL

    def until(self, what: str, condition: Callable[[], object], seconds: float = 200) -> float:
        """Wait for a condition while Snakemake works; the seconds that it took.

        Snakemake asks SLURM ever more rarely while no job ends, at last every 3 minutes.
        """

        def over() -> bool:
            ended = self.process.poll() is not None
            if condition():
                return True
            if ended:
                raise NotReadyError(
                    f"Snakemake had ended ({self.process.returncode}) before: {what}"
                )
            return False

        return until(what, over, seconds)

    def finish(self, seconds: float = 600) -> int:
        """Wait for the end; the exit code.  Raises ``NotReadyError`` for one that hangs."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise NotReadyError(f"Snakemake had not ended after {seconds:g} s") from None

    # --- Asking ---------------------------------------------------------------------------------

    @property
    def text(self) -> str:
        return self.output.read_text(encoding="utf-8", errors="replace")

    @cached_property
    def name(self) -> str:
        """What the jobs of this start are called in the queue."""
        self.until("the first words of the executor", lambda: "SLURM run ID: " in self.text)
        return str(re.findall(r"SLURM run ID: (\S+)", self.text)[0])

    def queue(self, state: str = "all") -> list[dict[str, str]]:
        """Jobs of this start that the scheduler knows, each with its batch ("" for none)."""
        return [
            job | {"batch": job["comment"].partition("_wildcards_")[2]}
            for job in self.cluster.queue(state=state)
            if job["name"] == self.name
        ]

    def running(self, node: str = "") -> list[dict[str, str]]:
        return [job for job in self.queue("running") if node in ("", job["node"])]

    def state(self, job: str) -> str:
        return next(each["state"] for each in self.queue() if each["id"] == job)

    def jobs(self) -> dict[str, dict[str, str]]:
        """Jobs of this start that have ended, by their number, as the controller wrote them down."""
        ended = (job for job in self.cluster.completed() if job["Name"] == self.name)
        return {job["JobId"]: job for job in ended}

    def submitted(self, batch: str = "") -> list[tuple[str, str]]:
        """Jobs of batches, or of one batch, in order: the scheduler's number and the batch."""
        told = re.findall(r"SLURM jobid (\d+) \(log: \S+/rule_ingest/(\w+)/\d+\.log\)", self.text)
        return sorted(
            [(number, of) for number, of in told if batch in ("", of)], key=lambda job: int(job[0])
        )

    def finished(self) -> int:
        """How many jobs Snakemake knows to have ended well."""
        return self.text.count("Finished jobid: ")

    def restarted(self) -> int:
        """How many jobs Snakemake has tried again."""
        return self.text.count("Trying to restart job")
