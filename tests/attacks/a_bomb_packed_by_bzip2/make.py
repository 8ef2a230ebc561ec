import zipfile


def make(target, files):
    with zipfile.ZipFile(f"{target}.zip", "w", zipfile.ZIP_BZIP2) as archive, archive.open("engine.py", "w") as opened:
        for _ in range(512):
            opened.write(bytes(1 << 20))
