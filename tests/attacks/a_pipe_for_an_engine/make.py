import os


def make(target, files):
    target.mkdir()
    os.mkfifo(target / "engine.py")
