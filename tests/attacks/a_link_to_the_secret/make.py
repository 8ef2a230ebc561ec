from pathlib import Path


def make(target, source):
    target.mkdir()
    (target / "engine.py").write_text(source)
    (target / "stolen.py").symlink_to(next(Path("/tmp").glob("gradkit-canary*"), Path("/etc/passwd")))
    (target / "more").symlink_to("/etc")
