import zipfile


def make(target, files):
    with zipfile.ZipFile(f"{target}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../engine.py", files["engine.py"])
