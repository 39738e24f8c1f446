"""A SLURM of two nodes on this machine, private to one folder, from the distribution's packages.

Nothing of the system's own SLURM, munge or database is used or changed, but for one link: jobs look
for ``/etc/slurm/slurm.conf``, which has to be free and is taken away again at the end.  Daemons are
children of this process: they are stopped one by one, never by name, and end with it if it is killed.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

CONFIGURATION = Path("/etc/slurm/slurm.conf")
NODES = ("n1", "n2")
BASE = ("slurmctld", "slurmd", "munged", "sbatch", "squeue")
ACCOUNTING = ("slurmdbd", "sacct", "sacctmgr", "mariadbd", "mariadb", "mariadb-install-db")
MEMORY_MB = 8000
"""Of a node, as the scheduler hands it out."""

SLURM_CONF = """\
ClusterName=mrdq
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ctld}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={run}/munge.sock
CredType=cred/munge
StateSaveLocation={root}/state
SlurmdSpoolDir={root}/spool/%n
SlurmctldPidFile={run}/slurmctld.pid
SlurmdPidFile={run}/slurmd-%n.pid
SlurmctldLogFile={log}/slurmctld.log
SlurmdLogFile={log}/slurmd-%n.log

# A container has no control groups of its own: the accounting's samples enforce memory.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
SwitchType=switch/none
MpiDefault=none

# Memory and processors are handed out; nodes have more of the latter than a small machine.
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SlurmdParameters=config_overrides
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=2,sched_min_interval=0,bf_interval=2
ReturnToService=2
KillWait=2
SlurmctldTimeout=30
SlurmdTimeout=60

{accounting}
{nodes}
PartitionName=short Nodes=ALL Default=YES MaxTime=1:00:00 DefaultTime=10 State=UP
"""

WITHOUT_ACCOUNTING = """\
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc={log}/jobs.txt
"""

WITH_ACCOUNTING = """\
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={dbd}
# The place of munge's socket, for the connection to slurmdbd.
AccountingStoragePass={run}/munge.sock
AccountingStoreFlags=job_comment
JobCompType=jobcomp/filetxt
JobCompLoc={log}/jobs.txt
"""

SLURMDBD_CONF = """\
AuthType=auth/munge
AuthInfo=socket={run}/munge.sock
DbdHost={host}
DbdAddr=127.0.0.1
DbdPort={dbd}
SlurmUser=root
PidFile={run}/slurmdbd.pid
LogFile={log}/slurmdbd.log
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageLoc=accounting
StorageUser=slurm
StoragePass=slurm
"""

DATABASE = """\
CREATE DATABASE accounting;
CREATE USER slurm@localhost IDENTIFIED BY 'slurm';
GRANT ALL ON accounting.* TO slurm@localhost;
"""


class NotReadyError(AssertionError):
    """A daemon did not come up, or an event did not happen, in time."""


def until(what: str, condition: Callable[[], object], seconds: float = 60) -> float:
    """Wait for a condition; the seconds that it took.

    Raises ``NotReadyError``, naming ``what``, when the time is over.
    """
    start = time.monotonic()
    while not condition():
        if time.monotonic() - start > seconds:
            raise NotReadyError(f"waited {seconds:g} s for: {what}")
        time.sleep(0.1)
    return time.monotonic() - start


def missing(*, accounting: bool) -> list[str]:
    """The programs that are not installed."""
    wanted = BASE + (ACCOUNTING if accounting else ())
    return [name for name in wanted if not shutil.which(name, path=_path())]


def obstacle(*, accounting: bool) -> str:
    """Why no cluster can be started here, or ""."""
    if os.geteuid() != 0:
        return "the daemons of SLURM are started as root"
    if names := missing(accounting=accounting):
        return f"{', '.join(names)} not installed (tests/functional/slurm/install.sh)"
    if os.path.lexists(CONFIGURATION):
        return f"{CONFIGURATION} exists: another SLURM is configured here, or was left by tests that were killed"
    return ""


def _path() -> str:
    return f"{os.environ['PATH']}:/usr/sbin:/sbin"


class Cluster:
    """Two nodes, one partition; ``with Cluster(folder, accounting=False) as cluster: ...``.

    Arguments: ``root``, an empty folder that other users may enter; ``accounting``, whether
    slurmdbd and a database keep what jobs did.
    """

    def __init__(self, root: Path, *, accounting: bool = False) -> None:
        self.root, self.accounting = root, accounting
        self.run, self.log = root / "run", root / "log"
        self.configuration = root / "etc" / "slurm.conf"
        self.daemons: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def environment(self) -> dict[str, str]:
        """What a client of this cluster needs; nothing of an allocation that we may be in."""
        plain = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("SLURM_", "SBATCH_", "SRUN_"))
        }
        return plain | {"PATH": _path(), "SLURM_CONF": str(self.configuration)}

    def __enter__(self) -> Cluster:
        if reason := obstacle(accounting=self.accounting):
            raise NotReadyError(reason)
        try:
            self._configure()
            self._start_munge()
            if self.accounting:
                self._start_database()
                self._start_slurmdbd()
            self.start_controller()
            for node in NODES:
                self._start_node(node)
            until("both nodes idle", lambda: set(self.states().values()) == {"idle"})
        except BaseException as error:
            error.add_note(self.logs())
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # --- Configuration ----------------------------------------------------------------------

    def _configure(self) -> None:
        for folder in ("etc", "run", "log", "state", "spool/n1", "spool/n2", "munge", "database"):
            (self.root / folder).mkdir(parents=True, mode=0o755)
        ports = _free_ports(2 + len(NODES))
        words = {
            "host": socket.gethostname().partition(".")[0], "root": self.root, "run": self.run,
            "log": self.log, "ctld": ports[0], "dbd": ports[1],
        }  # fmt: skip
        accounting = WITH_ACCOUNTING if self.accounting else WITHOUT_ACCOUNTING
        nodes = "\n".join(
            f"NodeName={node} NodeHostname={words['host']} NodeAddr=127.0.0.1 Port={port}"
            f" CPUs=2 RealMemory={MEMORY_MB}"
            for node, port in zip(NODES, ports[2:], strict=True)
        )
        self._write("slurm.conf", SLURM_CONF, words | {"nodes": nodes,
                    "accounting": accounting.format(**words)})  # fmt: skip
        self._write("slurmdbd.conf", SLURMDBD_CONF, words)
        (self.root / "etc" / "cgroup.conf").write_text("CgroupAutomount=no\n")
        CONFIGURATION.symlink_to(self.configuration)

    def _write(self, name: str, text: str, words: Mapping[str, object]) -> None:
        path = self.root / "etc" / name
        path.touch(mode=0o600 if name == "slurmdbd.conf" else 0o644)
        path.write_text(text.format(**words))

    # --- Daemons ----------------------------------------------------------------------------

    def _start_munge(self) -> None:
        key = self.root / "munge" / "key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(1024))
        sock = self.run / "munge.sock"
        self._daemon(
            "munged", "--foreground", f"--key-file={key}", f"--socket={sock}",
            f"--pid-file={self.run}/munged.pid", f"--log-file={self.log}/munged.log",
            f"--seed-file={self.root}/munge/seed",
        )  # fmt: skip
        until("munged", lambda: self._works("munge", "-n", "-S", str(sock)), 20)

    def _start_database(self) -> None:
        folder, sock = self.root / "database", self.run / "database.sock"
        self.command("mariadb-install-db", "--no-defaults", "--user=root", f"--datadir={folder}",
                     "--auth-root-authentication-method=socket", "--skip-test-db")  # fmt: skip
        self._daemon(
            "mariadbd", "--no-defaults", "--user=root", f"--datadir={folder}", f"--socket={sock}",
            f"--pid-file={self.run}/mariadbd.pid", "--skip-networking", "--skip-log-bin",
            "--innodb-buffer-pool-size=64M", "--innodb-log-file-size=64M",
            "--innodb-lock-wait-timeout=900", "--innodb-flush-log-at-trx-commit=0",
        )  # fmt: skip
        client = ("mariadb", "--no-defaults", f"--socket={sock}", "-e")
        until("the database", lambda: self._works(*client, "SELECT 1"))
        self.command(*client, DATABASE)

    def _start_slurmdbd(self) -> None:
        # Where the client library of the database looks for its socket.
        self._daemon("slurmdbd", "-D", more={"MYSQL_UNIX_PORT": str(self.run / "database.sock")})
        until("slurmdbd", lambda: self._works("sacctmgr", "-n", "show", "cluster"))
        for words in (["cluster", "mrdq"], ["account", "laboratory", "Cluster=mrdq"],
                      ["user", "root", "Account=laboratory"]):  # fmt: skip
            self.command("sacctmgr", "-i", "add", *words)

    def start_controller(self) -> int:
        """Start slurmctld; its process id."""
        self._daemon("slurmctld", "-D", "-f", str(self.configuration))
        until("slurmctld", lambda: self._works("scontrol", "ping"))
        return self.daemons["slurmctld"].pid

    def kill_controller(self) -> int:
        """SIGKILL for slurmctld; the process id that it had."""
        daemon = self.daemons.pop("slurmctld")
        daemon.kill()
        assert daemon.wait(20) == -signal.SIGKILL
        return daemon.pid

    def _start_node(self, node: str) -> None:
        self._daemon("slurmd", "-D", "-N", node, "-f", str(self.configuration), name=node)

    def _daemon(
        self, program: str, *words: str, name: str = "", more: Mapping[str, str] | None = None
    ) -> None:
        """Start a daemon in the foreground, which is told to end when this process ends."""
        with (self.log / f"{name or program}.start.log").open("ab") as log:
            self.daemons[name or program] = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", "--", program, *words],
                env=self.environment | dict(more or {}),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def stop(self) -> None:
        """End the jobs, then the daemons in reverse order, and take the link away."""
        if "slurmctld" in self.daemons:
            with suppress(subprocess.SubprocessError, NotReadyError):
                self.command("scancel", "--user=root", seconds=20)
                until("no job left", lambda: not self.command("squeue", "-h").strip(), 20)
        for name in reversed(list(self.daemons)):
            _end(self.daemons.pop(name))
        if CONFIGURATION.is_symlink() and CONFIGURATION.readlink() == self.configuration:
            CONFIGURATION.unlink()

    # --- Asking and telling -----------------------------------------------------------------

    def command(self, *words: str, seconds: float = 120) -> str:
        """Run a client; what it printed."""
        done = subprocess.run(
            words, env=self.environment, capture_output=True, text=True, timeout=seconds
        )
        if done.returncode:
            raise subprocess.CalledProcessError(
                done.returncode, words, done.stdout, f"{done.stdout}{done.stderr}"
            )
        return done.stdout

    def _works(self, *words: str) -> bool:
        done = subprocess.run(words, env=self.environment, capture_output=True, timeout=60)
        return done.returncode == 0

    def logs(self, lines: int = 15) -> str:
        """The last lines of what each daemon has written."""
        files = sorted(self.log.glob("*.log"))
        tails = (
            "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) for path in files
        )
        return "\n".join(f"== {path.name}\n{tail}" for path, tail in zip(files, tails, strict=True))

    def states(self) -> dict[str, str]:
        """Node -> its state."""
        rows = self.command("sinfo", "-h", "-N", "-o", "%N %T").splitlines()
        return {row.split()[0]: row.split()[1] for row in rows}

    def queue(self, *, state: str = "all") -> list[dict[str, str]]:
        """The jobs that the controller still knows: id, state, node, name of the run, comment."""
        lines = self.command("squeue", "-h", f"--states={state}", "-o", "%i|%T|%N|%j|%k")
        names = ("id", "state", "node", "name", "comment")
        return [dict(zip(names, line.split("|", 4), strict=True)) for line in lines.splitlines()]

    def completed(self) -> list[dict[str, str]]:
        """The jobs that have ended, by the file that the controller writes."""
        path = self.log / "jobs.txt"
        lines = path.read_text().splitlines() if path.is_file() else []
        return [dict(word.split("=", 1) for word in line.split() if "=" in word) for line in lines]


def _free_ports(count: int) -> list[int]:
    """Ports that nobody listens on; all held open until all are known, so that they differ."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _end(daemon: subprocess.Popen[bytes]) -> None:
    daemon.terminate()
    try:
        daemon.wait(20)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait(20)
