"""Look for bytes that break what `tests/hostile/properties.py` says must hold, guided by coverage (atheris).

`python tools/fuzz.py [SECONDS] [PROPERTY ...]` fuzzes each property, or those named, for so many seconds (60), one
after another. What was worth keeping stands in `.fuzz/<property>/`, where the next run begins; an input that breaks a
property is written to `.fuzz/<property>-crash-...`, its traceback shown. Make each a test. Exit code 1 if there is any.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOUND = ROOT / ".fuzz"
# What each property begins with: an input from which mutation reaches what is deep inside.
_CREATED = (
    b'data: {"type":"response.created","sequence_number":0,"response":{"id":"resp_1","session_id":"sess_1"}}\r\n\r\n'
)
_DELTA = b'data: {"type":"response.output_text.delta","output_index":0,"item_id":"msg_1","delta":"Two "}\n\n'
_OUTPUT = b'"output":[{"type":"message","phase":"final_answer","content":[{"type":"output_text","text":"Two [1].",'
_OUTPUT += b'"annotations":[{"type":"video_citation","start_index":4,"end_index":6,"start_sec":1,"end_sec":2}]}]}]'
_COMPLETED = b'data: {"type":"response.completed","response":{"status":"completed",' + _OUTPUT + b"}}\n\n"
SEEDS: dict[str, tuple[bytes, ...]] = {
    "frames": (b"\x05\xef\xbb\xbfdata: {\r\ndata\rdata:}\n\n: x\nevent: y\n\n",),
    "event": (_DELTA[6:-2], _COMPLETED[6:-2], b'{"type":"error","error":{"code":"x","message":"y"}}'),
    "stream": (
        b"\x05" + _CREATED + _DELTA + _COMPLETED + b"data: [DONE]\n\n",
        b"\x1f" + _DELTA + b'data: {"error":"x"}\n\n',
    ),
    "answer": (b'{"id":"resp_1","status":"completed",' + _OUTPUT + b"}", b'{"status":"failed","error":"x"}'),
    "error": (
        b'\x06{"code":"too_many_requests","message":"again at 2026-08-01T09:00:10Z"}',
        b"\x0620\n1500\n1790000000\nreq_1\n",
        b"\x06Wed, 21 Oct 2026 07:28:00 GMT\n",
    ),
    "citations": (b'Goal <vref id="1" start="00:05" end="1:02:03.5"></vref>. Save <tref id=\'x\'/>.\n',),
    "schema": (b'{"title":"A","type":"object","properties":{"a":{"$ref":"#/$defs/B"}},"$defs":{"B":{"anyOf":[{}]}}}',),
    "packed": (b"\x05\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\x2b\x29\xcf\x07\x00\xe5\x7e\xd0\x0e\x03\x00\x00\x00",),
}

# Words of the wire, so that mutation need not find them letter by letter.
WORDS: tuple[str, ...] = (
    "type",
    "response",
    "output",
    "item",
    "content",
    "part",
    "text",
    "delta",
    "annotations",
    "phase",
    "status",
)
WORDS += ("output_index", "content_index", "sequence_number", "start_index", "end_index", "start_sec", "$ref", "$defs")
WORDS += ("response.output_item.added", "response.output_item.done", "response.content_part.done", "keepalive")
WORDS += ("response.output_text.done", "response.failed", "response.incomplete", "properties", "anyOf", "oneOf")


def fuzz(name: str, arguments: list[str]) -> None:
    """Fuzz one property; atheris ends the process itself."""
    import atheris  # noqa: PLC0415 - installed for this alone

    with atheris.instrument_imports(include=["twelvelabs_responses"]):
        from tests.hostile.properties import PROPERTIES  # noqa: PLC0415 - imported so, its branches are seen
    atheris.Setup([sys.argv[0], *arguments], PROPERTIES[name])
    atheris.Fuzz()


def fuzzed(name: str, seconds: int) -> bool:
    """Fuzz one property in a process of its own, and return whether nothing was found."""
    corpus = FOUND / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS[name]):
        (corpus / f"seed-{number}").write_bytes(seed)
    words = FOUND / "words"
    words.write_text("".join(f'"\\"{word}\\""\n' for word in WORDS), encoding="utf-8")
    sys.stdout.write(f"\n== {name}: {seconds} s ==\n")
    sys.stdout.flush()
    # An input that takes 20 s, or a gibibyte, is a finding as well.
    limits = ["-timeout=20", "-rss_limit_mb=1024", "-max_len=4096", "-print_final_stats=1", "-verbosity=0"]
    command = [sys.executable, __file__, "--one", name, f"-max_total_time={seconds}", *limits]
    command += [f"-dict={words}", f"-artifact_prefix={FOUND / name}-", str(corpus)]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0  # noqa: S603 - this very file


def main() -> int:
    """Fuzz what the command line names."""
    if sys.argv[1:2] == ["--one"]:
        sys.path.insert(0, str(ROOT))
        fuzz(sys.argv[2], sys.argv[3:])
    parser = argparse.ArgumentParser(description="Fuzz what tests/hostile/properties.py says.")
    parser.add_argument("seconds", nargs="?", type=int, default=60, help="for each property; 60 by default")
    parser.add_argument("properties", nargs="*", default=list(SEEDS), help="all by default")
    asked = parser.parse_args()
    broken = [name for name in asked.properties if not fuzzed(name, asked.seconds)]
    sys.stdout.write(f"\nbroken: {', '.join(broken)}\n" if broken else "\nNothing found.\n")
    return len(broken) > 0


if __name__ == "__main__":
    sys.exit(main())
