def make(target, source):
    target.mkdir()
    (target / "engine (1).py").write_text(source)
