import warnings
import zipfile


def make(target, files):
    with zipfile.ZipFile(f"{target}.zip", "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr("engine.py", "class Value: pass")
        archive.writestr("engine.py", files["engine.py"])
