import os


def make(target, files):
    target.mkdir()
    here = os.open(target, os.O_RDONLY)
    for _ in range(200):
        os.mkdir("deeper", dir_fd=here)
        here, before = os.open("deeper", os.O_RDONLY, dir_fd=here), here
        os.close(before)
    with open(os.open("engine.py", os.O_CREAT | os.O_WRONLY, dir_fd=here), "w") as opened:
        opened.write(files["engine.py"])
    os.close(here)
