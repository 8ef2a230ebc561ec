import os


def make(target, files):
    folder = os.fsencode(target) + b"-\xff\xfe"
    os.mkdir(folder)
    for name, text in files.items():
        with open(os.path.join(folder, name.encode()), "w") as opened:
            opened.write(text)
