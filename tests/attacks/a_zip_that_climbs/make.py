import zipfile


def make(target, files):
    with zipfile.ZipFile(f"{target}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
        for up in range(1, 12):
            archive.writestr("../" * up + "tmp/gradkit-attack-climbed.py", "")
        archive.writestr("../gradkit-attack-climbed.py", "")
        archive.writestr("..\\\\..\\\\engine.py", "raise SystemExit(0)")
