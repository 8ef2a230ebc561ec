import zipfile


def make(target, files):
    with zipfile.ZipFile(f"{target}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(f"hand in/{name}", text)
        archive.writestr("hand in/.DS_Store", bytes(6148))
        archive.writestr("__MACOSX/hand in/._engine.py", bytes(176))
        archive.writestr("__MACOSX/engine.py", "raise SystemExit(0)")
