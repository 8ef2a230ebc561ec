import zipfile


def make(target, source):
    path = target.with_name(target.name + ".zip")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("engine.py", source)
    path.write_bytes(path.read_bytes()[:-40])
