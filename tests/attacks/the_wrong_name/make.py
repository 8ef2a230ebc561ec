def make(target, source):
    target.mkdir()
    (target / "value.py").write_text(source)
