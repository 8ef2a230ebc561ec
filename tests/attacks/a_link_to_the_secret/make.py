from pathlib import Path


def make(target, files):
    target.mkdir()
    (target / "engine.py").write_text(files["engine.py"])
    (target / "stolen.py").symlink_to(next(Path("/tmp").glob("gradkit-canary*"), Path("/etc/passwd")))
    (target / "more").symlink_to("/etc")
