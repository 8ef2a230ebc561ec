import zipfile


def make(target, source):
    with zipfile.ZipFile(f"{target}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("engine.py", source)
        archive.writestr("/tmp/gradkit-attack-absolute.py", "")
        archive.writestr("C:\\\\gradkit-attack-absolute.py", "")
