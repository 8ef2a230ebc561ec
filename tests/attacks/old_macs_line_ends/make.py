def make(target, files):
    target.mkdir()
    for name, text in files.items():
        (target / name).write_bytes(text.replace("\n", "\r").encode())
