"""What this process holds."""

from __future__ import annotations

import gc
import os
import threading
from dataclasses import dataclass
from pathlib import Path

_MEBIBYTE = 1_048_576


@dataclass(frozen=True)
class Measures:
    """What a process holds; where the system does not tell, memory and descriptors are 0.

    Attributes:
        memory: MiB of resident memory.
        descriptors: Open file descriptors.
        threads: Running threads.
    """

    memory: float
    descriptors: int
    threads: int

    def __str__(self) -> str:
        return f"{self.memory:.1f} MiB, {self.descriptors} descriptors, {self.threads} threads"


def measures() -> Measures:
    """Return what this process holds now."""
    gc.collect()
    pages, descriptors = Path("/proc/self/statm"), Path("/proc/self/fd")
    memory = int(pages.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") if pages.exists() else 0
    opened = len(list(descriptors.iterdir())) if descriptors.is_dir() else 0
    return Measures(memory / _MEBIBYTE, opened, threading.active_count())
