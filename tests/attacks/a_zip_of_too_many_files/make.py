import zipfile


def make(target, source):
    with zipfile.ZipFile(f"{target}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("engine.py", source)
        for number in range(20_000):
            archive.writestr(f"{number}.py", "")
