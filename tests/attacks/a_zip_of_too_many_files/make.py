import zipfile


def make(target, files):
    with zipfile.ZipFile(f"{target}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("engine.py", files["engine.py"])
        for number in range(20_000):
            archive.writestr(f"{number}.py", "")
