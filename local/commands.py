"""The commands of `python -m local`: up, down, status, token, environment, migrate."""

import os
import shlex
import signal
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from local.files import read_json, write_json
from local.processes.launch import die_with_parent
from local.processes.leftovers import end_marked
from local.processes.process import PartFailed
from local.processes.unprivileged import NoIdentity
from local.programs import CHECKOUT
from local.schema.migrations import MIGRATIONS, MigrationFailed, migrate
from local.schema.scratch import scratch_server
from local.schema.writing import Writer, Written
from local.stack.directory import StackDirectory
from local.stack.keys import Keys
from local.stack.ports import PortBusy, chosen_ports, claim_free_port, claim_ports
from local.stack.stack import Stack
from local.stack.supervisor import Supervisor

TIED_TO = "--tied-to"
_READY = "the stack is up"
_START_TIMEOUT_SECONDS = 120
_STOP_TIMEOUT_SECONDS = 60
_NOT_RUNNING = 3
INTERRUPTED = 130


def up(options: Namespace) -> int:
    """Starts the stack and leaves it running, or runs it in the foreground (--foreground).

    With --foreground and --tied-to PID, it stops when that parent process ends, even by SIGKILL.
    """
    directory = StackDirectory.at(options.directory)
    chosen = chosen_ports(options.ports)
    if options.foreground:
        if options.tied_to is not None:
            die_with_parent(options.tied_to, signal.SIGTERM)
        return _supervise(directory, chosen, functions=not options.database_only)
    directory.create()
    with directory.one_command():
        if directory.lock.holder():
            return _join_running(directory)
        return _start_in_background(options)


def down(options: Namespace) -> int:
    """Stops the stack, or the processes that a killed one left; does nothing if none run."""
    directory = StackDirectory.at(options.directory)
    if not directory.path.exists():
        print("the stack is not running")
        return 0
    with directory.one_command():
        return _stop(directory)


def _stop(directory: StackDirectory) -> int:
    pid = directory.lock.holder()
    if pid is None:
        left = end_marked(directory.path)
        directory.stack_file.unlink(missing_ok=True)
        print(f"ended {left} processes of a killed stack" if left else "the stack is not running")
        return 0
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_TIMEOUT_SECONDS
    while directory.lock.holder() == pid:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)
    end_marked(directory.path)
    print("the stack is down")
    return 0


def status(options: Namespace) -> int:
    """Shows the running processes and their URLs; returns 3 if the stack is not running."""
    directory = StackDirectory.at(options.directory)
    stack = directory.read_stack()
    if stack is None:
        print("the stack is starting" if directory.lock.holder() else "the stack is not running")
        return _NOT_RUNNING
    _show(stack)
    for name, pid in stack["pids"].items():
        print(f"  {name:<14} pid {pid}")
    return 0


def token(options: Namespace) -> int:
    """Prints an access token for a user of the running stack; returns 3 if it is not running."""
    directory = StackDirectory.at(options.directory)
    stack = directory.read_stack()
    if stack is None:
        print("the stack is not running", file=sys.stderr)
        return _NOT_RUNNING
    keys = Keys.load_or_generate(directory.keys_file)
    print(keys.user_token(str(options.user), issuer=stack["jwt_issuer"]))
    return 0


def environment(options: Namespace) -> int:
    """Prints the settings of the running stack's functions, for a shell; returns 3 if the stack is not running."""
    directory = StackDirectory.at(options.directory)
    ports = directory.read_stack() and read_json(directory.ports_file)
    if not ports:
        print("the stack is not running", file=sys.stderr)
        return _NOT_RUNNING
    for name, value in Stack.plan(directory, ports).project.environment().items():
        print(f"{name}={shlex.quote(value)}")
    return 0


def apply_migrations(options: Namespace) -> int:
    """Applies missing migrations to any database."""
    applied = migrate(options.db_url, directory=options.migrations or MIGRATIONS)
    if not applied:
        print("nothing to apply")
    return 0


def write_migration(options: Namespace) -> int:
    """Writes the next migration from supabase/schemas; 1 if it needs a statement written by hand."""
    claim = claim_free_port()
    try:
        with scratch_server(claim.number) as server:
            writer = Writer(server=server, supabase=options.supabase, code=options.code)
            written = writer.write(options.name)
    finally:
        claim.release()
    if written is None:
        print("The migrations give what supabase/schemas says: there is nothing to write.")
        return 0
    print(_described(written))
    if written.left:
        print("It is not complete. Write by hand what is left:", *written.left, sep="\n  ")
    return 1 if written.left else 0


def _described(written: Written) -> str:
    if written.replaced is None:
        return f"{written.file} is written. Read it, and say why in its first line."
    earlier = written.replaced.name
    restaged = "If the earlier draft was staged, run `git add --all supabase/migrations`."
    if written.kept:
        return (
            f"{written.file} has the statements of {earlier}, which was changed by hand: they are not generated again;"
            f" its version is now the newest. To generate them again, delete the file first. {restaged}"
        )
    return (
        f"{written.file} is written in place of {earlier}, with the reason in its first lines and with the newest"
        f" version. {restaged}"
    )


def _supervise(directory: StackDirectory, chosen: Mapping[str, int], *, functions: bool) -> int:
    directory.create()
    if not directory.lock.acquire():
        print(f"another stack runs in {directory.path}")
        return 1
    try:
        end_marked(directory.path)
        claims = claim_ports(chosen, read_json(directory.ports_file) or {})
        ports = {name: claim.number for name, claim in claims.items()}
        write_json(directory.ports_file, ports)
        stack = Stack.plan(directory, ports)
        supervisor = Supervisor(stack, functions=functions, say=_say)
        supervisor.run(on_ready=lambda: _say(_READY))
    except (PartFailed, PortBusy, MigrationFailed, NoIdentity) as failure:
        _say(str(failure))
        return 1
    return 0


def _say(text: str) -> None:
    print(text, flush=True)


def _join_running(directory: StackDirectory) -> int:
    """Waits for a stack that another command is starting."""
    deadline = time.monotonic() + _START_TIMEOUT_SECONDS
    while directory.lock.holder() and time.monotonic() < deadline:
        if stack := directory.read_stack():
            print("the stack is already running")
            _show(stack)
            _show_next_step(stack)
            return 0
        time.sleep(0.1)
    print(f"the stack in {directory.path} did not come up; see {directory.logs}")
    return 1


def _start_in_background(options: Namespace) -> int:
    """Starts a supervisor in its own session and shows its output until it is ready.

    With `tied`, the supervisor stops when this process ends.
    """
    directory = StackDirectory.at(options.directory)
    log = directory.log("supervisor")
    command = [sys.executable, "-m", "local", "up", "--foreground", "--directory", directory.path]
    command += ["--ports", options.ports] if options.ports else []
    command += ["--database-only"] if options.database_only else []
    command += [TIED_TO, str(os.getpid())] if options.tied else []
    with log.open("wb") as output:
        supervisor = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=CHECKOUT,
            start_new_session=True,
        )
    try:
        return _follow(supervisor, directory, log)
    except BaseException as error:
        supervisor.terminate()
        supervisor.wait()
        if not isinstance(error, KeyboardInterrupt):
            raise
        print("interrupted; nothing is left running")
        return INTERRUPTED


def _follow(supervisor: subprocess.Popen[bytes], directory: StackDirectory, log: Path) -> int:
    shown = 0
    while True:
        status = supervisor.poll()
        lines = log.read_text(errors="replace").splitlines()
        for line in lines[shown:]:
            print(line, flush=True)
        shown = len(lines)
        if _READY in lines and (stack := directory.read_stack()):
            _show(stack)
            _show_next_step(stack)
            return 0
        if status is not None:
            if status < 0:
                print(f"the supervisor was killed; see {log}")
            return 1
        time.sleep(0.05)


def _show(stack: Mapping[str, Any]) -> None:
    """Prints what a developer needs of a running stack: no secrets but the password to sign in with."""
    shown = {
        "library_url": stack["library_url"],
        "documentation": f"{stack['library_url']}/docs",
        "supabase_url": stack["supabase_url"],
        "anon_key": stack["anon_key"],
        "database": f"{_without_password(stack['db_url'])} (password: db_url in stack.json)",
    }
    if "supabase_api" in stack["pids"]:
        shown["sign-in"] = f"{stack['developer_email']}, password {stack['developer_password']}"
    for name, value in shown.items():
        print(f"  {name:<14} {value}")


def _show_next_step(stack: Mapping[str, Any]) -> None:
    if "library" not in stack["pids"]:
        return
    print(
        f"Next: open {stack['library_url']}/docs, or follow README.md (curl) or docs/quickstart.md (a web page).\n"
        "Pages of localhost may call the library from any port. `make token` prints the user's access token."
    )


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{parts.username}@{parts.hostname}:{parts.port}"))
