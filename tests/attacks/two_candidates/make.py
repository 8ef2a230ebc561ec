def make(target, files):
    target.mkdir()
    for name in ("engine (1).py", "engine (2).py"):
        (target / name).write_text(files["engine.py"])
