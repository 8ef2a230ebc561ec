def make(target, source):
    target.mkdir()
    (target / "engine (1).py").write_text(source)
    for name in ("=cmd|'calc'!A0.py", "\x1b[2J.py", "[red].py", "-rf.py", "a\nb.py", "\u202egnp.py"):
        (target / name).write_text("raise SystemExit(0)")
