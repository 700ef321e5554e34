"""Runs another program that dies with its parent, after dropping root if requested.

A script that uses only the standard library: `launch.py PARENT SIGNAL IDENTITY command...`. The kernel sends SIGNAL
when the parent dies, even by SIGKILL. IDENTITY is `same`, `user:UID` or `namespace` (see
local/processes/unprivileged.py). The program replaces the script by exec, so the pid stays the same.
"""

import ctypes
import os
import pwd
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_SET_SECUREBITS = 28
_SECBIT_NO_SETUID_FIXUP = 4
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAP_DAC_OVERRIDE = 1
_CAP_DAC_READ_SEARCH = 2
_CAPABILITY_VERSION_3 = 0x20080522
_CLONE_NEWUSER = 0x10000000

_libc = ctypes.CDLL(None, use_errno=True)


def main(arguments: list[str]) -> None:
    """Changes the identity first and ties itself to the parent second: the kernel drops the tie on a change."""
    parent, death_signal, identity, *command = arguments
    if identity == "namespace":
        enter_user_namespace()
    elif identity.startswith("user:"):
        become_user(int(identity.removeprefix("user:")))
    die_with_parent(int(parent), int(death_signal))
    os.execvpe(command[0], command, os.environ)  # noqa: S606 - an argument list of the stack


def die_with_parent(parent: int, death_signal: int) -> None:
    """Requests a signal from the kernel at the parent's death; exits if the parent is already dead."""
    _check(_libc.prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0), "prctl")
    if os.getppid() != parent:
        sys.exit("the parent process has ended")


def become_user(uid: int) -> None:
    """Drops root for another user, but keeps the capability to search any folder.

    Without it a checkout below /root could not be read. Postgres finds its programs with access(2), which takes the
    capability into account only if the secure bit is set.
    """
    kept = _searching_capability()
    _libc.prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    _check(_libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0), "prctl")
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    _keep_only(kept)


def enter_user_namespace() -> None:
    """Enters a namespace in which this user has another name but still owns its files.

    The name is one that the system knows and that is not root.
    """
    uid, gid = os.getuid(), os.getgid()
    known_uid = next(entry.pw_uid for entry in pwd.getpwall() if entry.pw_uid != 0)
    _check(_libc.unshare(_CLONE_NEWUSER), "unshare")
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{known_uid} {uid} 1")
    _write("/proc/self/gid_map", f"{known_uid} {gid} 1")


def _searching_capability() -> int | None:
    """The smallest available capability that may search any folder. Containers often lack the first one."""
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 - starts faster
        permitted = next(int(line.split()[1], 16) for line in status if line.startswith("CapPrm"))
    for capability in (_CAP_DAC_READ_SEARCH, _CAP_DAC_OVERRIDE):
        if permitted >> capability & 1:
            return capability
    return None


def _keep_only(capability: int | None) -> None:
    """Drops all capabilities but one, which survives exec if the kernel supports that."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    bit = 0 if capability is None else 1 << capability
    data = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
    _check(_libc.capset(header, data), "capset")
    if capability is not None:
        _libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability, 0, 0)


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def _check(result: int, call: str) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{call} failed")


if __name__ == "__main__":
    main(sys.argv[1:])
