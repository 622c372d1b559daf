"""Golden files of events: sections of lines, each under its title.

`python -m tests.llama_index_twelvelabs.events.golden` writes them anew; read the difference before you commit it.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from twelvelabs_responses.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FOLDER = Path(__file__).parent
SUBJECTS = ("llm", "query_engine", "chat_engine", "workflow")


def golden(subject: str) -> dict[str, list[str]]:
    """Return the sections of a golden file, by title."""
    sections: dict[str, list[str]] = {}
    for section in (FOLDER / f"{subject}.txt").read_text(encoding="utf-8").split("\n\n"):
        title, *lines = section.strip().splitlines()
        sections[title.strip("= ")] = lines
    return sections


def write(subject: str, sections: Mapping[str, Sequence[str]]) -> None:
    """Write a golden file."""
    text = "\n\n".join("\n".join([f"== {title} ==", *lines]) for title, lines in sections.items())
    (FOLDER / f"{subject}.txt").write_text(text + "\n", encoding="utf-8")


def main() -> None:
    """Write all golden files anew."""
    for subject in SUBJECTS:
        test = import_module(f"tests.llama_index_twelvelabs.events.test_{subject}")
        sections: dict[str, list[str]] = {}
        for title, case in test.CASES.items():
            with Emulator() as emulator:
                sections[title] = test.recording_of(emulator, *case).lines
        write(subject, sections)


if __name__ == "__main__":
    main()
