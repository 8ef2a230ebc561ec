import zipfile


def make(target, source):
    target.mkdir()
    with zipfile.ZipFile(target / "upload.zip", "w") as archive:
        archive.writestr("engine.py", source)
