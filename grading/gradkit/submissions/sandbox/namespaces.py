"""Find out why bubblewrap cannot make namespaces on this machine, and what to do about it."""

from __future__ import annotations

from pathlib import Path

_REFUSAL_WORDS = ("amespace", "uid map", "gid map", "setgroups", "loopback", "make / slave", "pivot_root", "mount")
"""Each occurs in messages of bubblewrap that mean: the kernel or a security module refused a namespace, or a mount in
one."""

_SWITCHES = {
    "user/max_user_namespaces": ("0", "User namespaces are switched off: sysctl user.max_user_namespaces=10000"),
    "kernel/unprivileged_userns_clone": (
        "0",
        "User namespaces are reserved for root: sysctl kernel.unprivileged_userns_clone=1",
    ),
    "kernel/apparmor_restrict_unprivileged_userns": (
        "1",
        "AppArmor restricts user namespaces (as on Ubuntu 24.04): give bwrap a profile with `userns,` in "
        "/etc/apparmor.d, or sysctl kernel.apparmor_restrict_unprivileged_userns=0",
    ),
}
"""By name below /proc/sys: the value that forbids namespaces, and what to do."""

_CONTAINERS = (".dockerenv", "run/.containerenv")
_IN_CONTAINER = (
    "Containers refuse namespaces by default: start this one with --security-opt seccomp=unconfined "
    "--security-opt apparmor=unconfined, or with profiles that allow unshare, clone, mount and pivot_root"
)
_ELSEWHERE = "The kernel refuses user namespaces to this user: have them allowed, or grade in a virtual machine"


def advice(errors: str, host: Path = Path("/")) -> str:
    """Return one line on what to do, if bubblewrap could not make namespaces; empty if it failed for another reason.

    Args:
        errors: What bubblewrap wrote on its standard error.
        host: The root of the file system that holds the machine's settings.
    """
    if not any(words in errors for words in _REFUSAL_WORDS):
        return ""
    for name, (forbidding_value, what_to_do) in _SWITCHES.items():
        if _read(host / "proc/sys" / name) == forbidding_value:
            return what_to_do
    return _IN_CONTAINER if any((host / name).exists() for name in _CONTAINERS) else _ELSEWHERE


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
