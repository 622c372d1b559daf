"""The pages of the documentation, their examples run in order as they stand, their output compared."""

from __future__ import annotations

import gc
import re
import sys
from importlib.metadata import packages_distributions, requires
from pathlib import Path
from typing import Any

import pytest

from tests.pytesting import ran

PAGES = sorted((Path(__file__).parent.parent / "docs").glob("*.md"))
# An example, and the block right behind it, which shows what it prints.
FILE = re.compile(r'```python title="(\w+\.py)"\n(.*?)```', re.DOTALL)
EXAMPLE = re.compile(r"```python\n(.*?)```(?:\n\n```text\n(.*?)```)?", re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_imports_comes_with_an_extra_or_is_said_to_be_installed(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    requirements = "\n".join(requires("twelvelabs-responses") or ())
    installed = set(re.findall(r"^[\w-]+", requirements, re.MULTILINE))
    installed.update(*(words.split() for words in re.findall(r"`pip install ([^`]*)`", text)))
    provided = {module for module, packages in packages_distributions().items() if installed & {*packages}}
    imported = set(re.findall(r"^(?:from|import) (\w+)", text, re.MULTILINE))
    ours = {"langchain_twelvelabs", "llama_index_twelvelabs", "twelvelabs_responses"}
    assert imported - ours - sys.stdlib_module_names - provided == set()


@pytest.mark.filterwarnings("ignore:The method .* is in beta")
# LlamaIndex's Memory leaves its database open, as long as nobody holds it any more.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_examples_of_a_page_print_what_it_says(
    page: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "__main__"}
    for example, printed in EXAMPLE.findall(page.read_text(encoding="utf-8")):
        exec(compile(example, page.name, "exec"), names)  # noqa: S102 - what a reader would paste
        assert capsys.readouterr().out == printed
    names.clear()
    gc.collect()


def test_the_page_about_tests_is_a_project_whose_tests_pass(pytester: pytest.Pytester) -> None:
    page = next(page for page in PAGES if page.stem == "testing").read_text(encoding="utf-8")
    for name, content in FILE.findall(page):
        pytester.path.joinpath(name).write_text(content, encoding="utf-8")
    # Of the suites a test each; all of them are run over our own in the test files of theirs.
    result = ran(pytester, "-k", "not test_suites or hangs_up")
    result.assert_outcomes(passed=11, deselected=result.parseoutcomes()["deselected"])
