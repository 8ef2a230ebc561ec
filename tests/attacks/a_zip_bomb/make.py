import zipfile


def make(target, files):
    archive = zipfile.ZipFile(f"{target}.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1)
    with archive, archive.open("engine.py", "w", force_zip64=True) as opened:
        for _ in range(1024):
            opened.write(bytes(1 << 20))
