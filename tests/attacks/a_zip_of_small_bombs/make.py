import zipfile


def make(target, source):
    path = target.with_name(target.name + ".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("aaaa.py", bytes(1 << 20))
    raw = path.read_bytes()
    start = raw.index(b"PK\x01\x02")
    local, entry = raw[:start], raw[start : raw.index(b"PK\x05\x06")]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("engine.py", source)
    raw = path.read_bytes()
    engine, engines_entry = raw[: raw.index(b"PK\x01\x02")], raw[raw.index(b"PK\x01\x02") : raw.index(b"PK\x05\x06")]
    files, entries = bytearray(), bytearray()
    for number in range(9_000):
        name = b"a" + bytes(97 + number // 26**power % 26 for power in range(3))
        entries += entry.replace(b"aaaa", name)[:42] + len(files).to_bytes(4, "little") + name + b".py"
        files += local.replace(b"aaaa", name)
    entries += engines_entry[:42] + len(files).to_bytes(4, "little") + engines_entry[46:]
    end = b"PK\x05\x06" + bytes(4) + (9_001).to_bytes(2, "little") * 2
    whole = bytes(files) + engine + bytes(entries) + end
    path.write_bytes(whole + len(entries).to_bytes(4, "little") + len(files + engine).to_bytes(4, "little") + bytes(2))
