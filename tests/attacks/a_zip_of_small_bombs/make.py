import zipfile


def packed(path, name, content):
    """A file as a zip holds it, and how it lists it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    raw = path.read_bytes()
    start, end = raw.index(b"PK\x01\x02"), raw.index(b"PK\x05\x06")
    return raw[:start], raw[start:end]


def make(target, files):
    path = target.with_name(target.name + ".zip")
    bomb, listed_bomb = packed(path, "aaaa.py", bytes(1 << 20))
    content, listed = bytearray(), bytearray()
    for number in range(9_000):
        name = b"a" + bytes(97 + number // 26**power % 26 for power in range(3))
        listed += listed_bomb.replace(b"aaaa", name)[:42] + len(content).to_bytes(4, "little") + name + b".py"
        content += bomb.replace(b"aaaa", name)
    for file, text in files.items():
        honest, listed_honest = packed(path, file, text)
        listed += listed_honest[:42] + len(content).to_bytes(4, "little") + listed_honest[46:]
        content += honest
    end = b"PK\x05\x06" + bytes(4) + (9_000 + len(files)).to_bytes(2, "little") * 2
    whole = bytes(content) + bytes(listed) + end
    path.write_bytes(whole + len(listed).to_bytes(4, "little") + len(content).to_bytes(4, "little") + bytes(2))
