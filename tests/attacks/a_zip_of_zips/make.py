import io
import zipfile


def make(target, files):
    name, content = "engine.py", files["engine.py"].encode()
    for depth in range(5):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr(name, content)
        name, content = f"{depth}.zip", buffer.getvalue()
    target.with_name(target.name + ".zip").write_bytes(content)
