import os
import socket
import stat


def make(target, files):
    target.mkdir()
    try:
        os.mknod(target / "engine.py", stat.S_IFCHR | 0o666, os.makedev(1, 5))
    except OSError:
        socket.socket(socket.AF_UNIX).bind(str(target / "engine.py"))
