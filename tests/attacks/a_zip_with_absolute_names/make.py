import zipfile


def make(target, files):
    with zipfile.ZipFile(f"{target}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
        archive.writestr("/tmp/gradkit-attack-absolute.py", "")
        archive.writestr("C:\\\\gradkit-attack-absolute.py", "")
