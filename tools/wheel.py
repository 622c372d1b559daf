"""Build the wheel, install it into an empty environment, and run the tests of docs/testing.md there.

So it is shown that the pytest plugin is found by whoever installs the package, and that a project which has only the
emulator's extra missing is told so. The environment stands in `.matrix/`; making it needs a package index.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / ".matrix" / "wheel"
UV = str(Path(sys.executable).with_name("uv"))
FILE = re.compile(r'```python title="(\w+\.py)"\n(.*?)```', re.DOTALL)
# What the suites themselves hold is tested elsewhere; here they only have to be there.
CHOSEN = "not test_suites or hangs_up"
NO_EMULATOR = "import sys\nsys.modules['starlette'] = None\n"


def run(*command: str | Path, cwd: Path = ROOT, wanted: int = 0) -> str:
    """Return what a command prints, which must end as wanted."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)  # noqa: S603 - our own tools
    if done.returncode != wanted:
        sys.stdout.write(done.stdout + done.stderr)
        raise SystemExit(1)
    return done.stdout


def made(python: str) -> Path:
    """Return the interpreter of an environment that holds the wheel of this checkout."""
    shutil.rmtree(PLACE, ignore_errors=True)
    run(UV, "build", "--quiet", "--wheel", "--out-dir", PLACE / "dist", ROOT)
    [wheel] = (PLACE / "dist").glob("*.whl")
    run(UV, "venv", "--quiet", "--python", python, PLACE / "env")
    interpreter = PLACE / "env" / "bin" / "python"
    extras = f"twelvelabs-responses[testing,langchain,llama-index] @ {wheel.as_uri()}"
    run(UV, "pip", "install", "--quiet", "--python", interpreter, extras)
    return interpreter


def main() -> None:
    """Run the project of the page, then once more without what the emulator needs."""
    interpreter = made(sys.executable)
    page = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        for name, content in FILE.findall(page):
            Path(folder, name).write_text(content, encoding="utf-8")
        told = run(interpreter, "-m", "pytest", "-q", "-k", CHOSEN, cwd=Path(folder))
        sys.stdout.write(f"from the wheel: {told.rstrip().rpartition(chr(10))[2]}\n")
        Path(folder, "conftest.py").write_text(NO_EMULATOR, encoding="utf-8")
        told = run(interpreter, "-m", "pytest", "-q", "test_chain.py", cwd=Path(folder), wanted=1)
        if "pip install 'twelvelabs-responses[testing]'" not in told:
            raise SystemExit(f"without the emulator's extra nobody says what to install:\n{told}")
    sys.stdout.write("without the emulator's extra: said what to install\n")


if __name__ == "__main__":
    main()
