import zipfile


def make(target, files):
    target.mkdir()
    with zipfile.ZipFile(target / "upload.zip", "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
