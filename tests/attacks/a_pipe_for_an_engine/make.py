import os


def make(target, source):
    target.mkdir()
    os.mkfifo(target / "engine.py")
