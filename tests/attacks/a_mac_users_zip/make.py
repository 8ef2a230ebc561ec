import zipfile


def make(target, source):
    with zipfile.ZipFile(f"{target}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("hand in/engine.py", source)
        archive.writestr("hand in/.DS_Store", bytes(6148))
        archive.writestr("__MACOSX/hand in/._engine.py", bytes(176))
        archive.writestr("__MACOSX/engine.py", "raise SystemExit(0)")
