def make(target, files):
    target.mkdir()
