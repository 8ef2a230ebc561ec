def make(target, files):
    target.mkdir()
    for name, text in files.items():
        (target / name.replace(".", " (1).")).write_text(text)
    for name in ("=cmd|'calc'!A0.py", "\x1b[2J.py", "[red].py", "-rf.py", "a\nb.py", "\u202egnp.py"):
        (target / name).write_text("raise SystemExit(0)")
