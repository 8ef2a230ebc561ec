import zipfile


def make(target, files):
    path = target.with_name(target.name + ".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    raw = bytearray(path.read_bytes())
    for name in files:
        place = raw.index(name.encode()) + len(name) + 5
        raw[place : place + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(raw)
