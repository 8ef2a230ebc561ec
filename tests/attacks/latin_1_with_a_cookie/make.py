def make(target, files):
    target.mkdir()
    for name, text in files.items():
        (target / name).write_bytes("# -*- coding: latin-1 -*-\n# Jos\xe9\n".encode("latin-1") + text.encode())
