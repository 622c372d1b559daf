"""`python -m twelvelabs_responses.emulator`: the emulator for a terminal."""

from __future__ import annotations

import argparse
import sqlite3
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from twelvelabs_responses.emulator import ERAS, FAULTS, Emulator

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_NEVER = threading.Event()


def _arguments() -> argparse.ArgumentParser:
    width = max(map(len, FAULTS))
    parser = argparse.ArgumentParser(
        prog="python -m twelvelabs_responses.emulator",
        description="Serve POST /v1.3/responses on this machine, over a small library of described videos.",
        epilog="faults, for --fault NAME, or for one request by its header `x-emulator-fault: NAME`\n"
        "(NAME:once for the first request only, NAME:3 for three):\n"
        + "\n".join(f"  {name:{width}}  {description}" for name, description in FAULTS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="the port; 0 takes a free one (default)")
    parser.add_argument("--era", choices=ERAS, default="latest", help="the dialect of the API (default: %(default)s)")
    parser.add_argument("--library", type=Path, metavar="FILE", help="a library of your own, in JSON")
    parser.add_argument("--database", type=Path, metavar="FILE", help="keep the sessions here, across restarts")
    parser.add_argument("--fault", metavar="NAME", help="what goes wrong; see below")
    parser.add_argument("--api-key", metavar="KEY", help="let in this key only; without it, any")
    parser.add_argument("--pace", type=float, default=0.0, metavar="SECONDS", help="wait so long before each delta")
    parser.add_argument("--think", type=float, default=0.0, metavar="SECONDS", help="wait so long before an answer")
    return parser


def _greeting(emulator: Emulator, api_key: str | None) -> str:
    return (
        f"The emulator listens at {emulator.base_url}. Ctrl-C stops it. In another terminal:\n\n"
        f"  export TWELVELABS_BASE_URL={emulator.base_url}\n"
        f"  export TWELVELABS_API_KEY={'<the key you gave>' if api_key else 'emulator'}\n"
        f"  export TWELVELABS_KNOWLEDGE_STORE_ID={emulator.knowledge_store_id}\n\n"
    )


def main(arguments: Sequence[str] | None = None, *, wait: Callable[[], object] = _NEVER.wait) -> None:
    """Serve until `wait` returns or Ctrl-C is pressed."""
    parser = _arguments()
    options = parser.parse_args(arguments)
    try:
        with Emulator(**vars(options)) as emulator:
            sys.stdout.write(_greeting(emulator, options.api_key))
            sys.stdout.flush()
            wait()
    except KeyboardInterrupt:
        sys.stdout.write("\nStopped.\n")
    except (ValueError, OSError, sqlite3.Error) as error:
        parser.exit(2, f"{parser.prog}: {error}\n")


if __name__ == "__main__":
    main()
