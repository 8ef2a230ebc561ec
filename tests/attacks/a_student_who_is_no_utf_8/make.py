import os


def make(target, source):
    folder = os.fsencode(target) + b"-\xff\xfe"
    os.mkdir(folder)
    with open(folder + b"/engine.py", "w") as opened:
        opened.write(source)
