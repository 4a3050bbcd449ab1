"""A SLURM of two nodes on this machine: loopback only, every file in one folder, every daemon a
child of whoever started it."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

DAEMONS = ("munged", "slurmctld", "slurmd")
CLIENTS = ("sbatch", "srun", "squeue", "scancel", "scontrol", "sinfo")
NODES = ("n1", "n2")
CORES, MEMORY_MB = 2, 6000
# A node that does not answer for so long is down (s).
NODE_TIMEOUT = 6
# Of the address of a socket in the file system.
LONGEST_SOCKET_NAME = 100

SETTINGS = """\
ClusterName=private
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser={user}
SlurmdUser={user}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.socket
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1,sched_min_interval=100000
SlurmdParameters=config_overrides
SlurmdTimeout={node_timeout}
KillWait=1
MinJobAge=300
ReturnToService=2
PartitionName=all Nodes=ALL Default=YES MaxTime=UNLIMITED State=UP
"""
NODE = (
    "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} "
    "CPUs={cores} RealMemory={memory}\n"
)


def missing_programs() -> list[str]:
    """Programs of SLURM that this machine lacks."""
    return [name for name in (*DAEMONS, *CLIENTS) if program(name) is None]


def program(name: str) -> str | None:
    """Where a program lies; daemons are not on everybody's PATH."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


@dataclass
class PrivateSlurm:
    """The cluster. Use it as a context: on leaving, all that it started is stopped."""

    folder: Path
    _daemons: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """Environment in which commands of SLURM reach this cluster."""
        return os.environ | {
            "SLURM_CONF": str(self.folder / "slurm.conf"),
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
        }

    def __enter__(self) -> "PrivateSlurm":
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        for name in ("state", "bin", "log", "munge"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "munge").chmod(0o700)
        key = self.folder / "munge" / "key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        self._configure()
        self._start_munge(key)
        self._daemon("slurmctld", "slurmctld", "-D")
        for node in NODES:
            self.start_node(node)
        wait_for(self._all_idle, "all nodes are idle", 30)

    def _configure(self) -> None:
        ports = free_ports(1 + len(NODES))
        host = socket.gethostname().partition(".")[0]
        text = SETTINGS.format(
            host=host,
            ports=ports,
            user=subprocess.check_output(["id", "-un"], text=True, timeout=60).strip(),
            folder=self.folder,
            node_timeout=NODE_TIMEOUT,
        )
        nodes = "".join(
            NODE.format(name=name, host=host, port=port, cores=CORES, memory=MEMORY_MB)
            for name, port in zip(NODES, ports[1:], strict=True)
        )
        before, partition, after = text.partition("PartitionName")
        (self.folder / "slurm.conf").write_text(before + nodes + partition + after)
        (self.folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\nCgroupAutomount=no\n")
        # The plugin takes SLURM_CONF from the environment of its inner srun, which needs it here.
        srun = self.folder / "bin" / "srun"
        srun.write_text(
            f"#!/bin/sh\nSLURM_CONF='{self.folder}/slurm.conf' exec '{program('srun')}' \"$@\"\n"
        )
        srun.chmod(0o755)

    def _start_munge(self, key: Path) -> None:
        sock = self.folder / "munge.socket"
        if len(str(sock)) > LONGEST_SOCKET_NAME:
            raise RuntimeError(f"the path of a socket is too long: {sock}")
        self._daemon(
            "munged",
            *("munged", "--foreground", "--force", "--num-threads=2"),
            *(f"--key-file={key}", f"--socket={sock}"),
            *(f"--pid-file={self.folder}/munged.pid", f"--seed-file={self.folder}/munge/seed"),
        )
        wait_for(sock.exists, "munge listens", 10)

    def _daemon(self, name: str, *command: str) -> None:
        with (self.folder / "log" / f"{name}.log").open("ab") as log:
            self._daemons[name] = subprocess.Popen(
                # It must not outlive its parent, not even one that was killed with SIGKILL.
                ["setpriv", "--pdeathsig", "KILL", str(program(command[0])), *command[1:]],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def start_node(self, node: str) -> None:
        """Start a node."""
        self._daemon(node, "slurmd", "-D", "-N", node)

    def kill_node(self, node: str) -> int:
        """Kill a node with all that runs on it, at once; returns the number of processes."""
        daemon = self._daemons.pop(node)
        tasks = self._processes(f"SLURMD_NODENAME={node}")
        stewards = {parent for pid, parent in parents().items() if pid in tasks}
        doomed = {daemon.pid, *tasks, *filter(is_steward, stewards)}
        doomed |= descendants(doomed)
        # Nobody shall live to tell: a node that loses its power reports nothing.
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in doomed:
                kill(pid, number)
        daemon.wait(10)
        return len(doomed)

    def cancel(self) -> None:
        """Cancel all jobs, and wait until they are gone."""
        self.command("scancel", f"--user={os.getuid()}")
        wait_for(lambda: not self.jobs("RUNNING", "PENDING", "COMPLETING"), "no job is left", 30)

    def restore(self) -> None:
        """Start nodes that were killed, and wait until all are idle."""
        for node in NODES:
            if node not in self._daemons:
                self.start_node(node)
        wait_for(self._all_idle, "all nodes are idle", 30)

    def command(self, *arguments: str) -> str:
        """What a client of SLURM says; each has ten seconds."""
        return subprocess.run(
            arguments,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout

    def states(self) -> dict[str, str]:
        """Id -> state of all jobs."""
        lines = self.command("squeue", "--noheader", "--format=%i %T", "--states=all").splitlines()
        return dict(line.split() for line in lines)

    def jobs(self, *states: str) -> dict[str, str]:
        """Id -> node of the jobs that are running, or in other states."""
        wanted = ",".join(states or ("RUNNING",))
        lines = self.command("squeue", "--noheader", "--format=%i %N", f"--states={wanted}")
        return {line.split()[0]: (line.split()[1:] or [""])[0] for line in lines.splitlines()}

    def stop(self) -> None:
        """Stop jobs, nodes and daemons, and whatever of theirs is left."""
        if "slurmctld" in self._daemons and self._daemons["slurmctld"].poll() is None:
            with contextlib.suppress(subprocess.SubprocessError):
                self.command("scancel", "--signal=KILL", f"--user={os.getuid()}")
        for name in (*NODES, "slurmctld", "munged"):
            daemon = self._daemons.pop(name, None)
            if daemon is None or daemon.poll() is not None:
                continue
            daemon.terminate()
            try:
                daemon.wait(5)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait(5)
        for pid in self._processes(f"SLURM_CONF={self.folder}/slurm.conf"):
            kill(pid, signal.SIGKILL)

    def _all_idle(self) -> bool:
        try:
            states = self.command("sinfo", "--noheader", "--Node", "--format=%T").split()
        except subprocess.SubprocessError:
            return False
        return states == ["idle"] * len(NODES)

    def _processes(self, variable: str) -> set[int]:
        """Processes of this cluster that have a variable in their environment."""
        wanted, mine = variable.encode(), str(self.folder).encode()
        found = set()
        for pid in all_processes():
            with contextlib.suppress(OSError):
                content = Path(f"/proc/{pid}/environ").read_bytes()
                if mine in content and wanted in content.split(b"\0"):
                    found.add(pid)
        return found - {os.getpid()}


def free_ports(number: int) -> list[int]:
    """Ports of the loopback interface that nobody listens on."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def all_processes() -> Iterator[int]:
    """Ids of all processes."""
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def parents() -> dict[int, int]:
    """Id of each process -> id of its parent."""
    found = {}
    for pid in all_processes():
        with contextlib.suppress(OSError):
            stat = Path(f"/proc/{pid}/stat").read_text()
            found[pid] = int(stat.rpartition(")")[2].split()[1])
    return found


def descendants(ancestors: set[int]) -> set[int]:
    """Children of processes, and theirs."""
    parent_of = parents()
    found = set(ancestors)
    while more := {pid for pid, parent in parent_of.items() if parent in found} - found:
        found |= more
    return found - ancestors


def is_steward(pid: int) -> bool:
    """Whether this is the process by which a node watches over a step of a job."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip() == "slurmstepd"
    return False


def kill(pid: int, number: int) -> None:
    """Send a signal to a process, unless it is gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def wait_for(condition: Callable[[], object], what: str, seconds: float) -> object:
    """Return what `condition()` gives once it is true; fail after so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.1)
    raise RuntimeError(f"not so after {seconds:g} s: {what}")


def main() -> None:
    """Run a command in a cluster of its own: python private_slurm.py FOLDER COMMAND..."""
    with PrivateSlurm(Path(sys.argv[1]).absolute()) as cluster:
        sys.exit(subprocess.call(sys.argv[2:], env=cluster.environment))


if __name__ == "__main__":
    main()
