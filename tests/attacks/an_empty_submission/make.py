def make(target, source):
    target.mkdir()
