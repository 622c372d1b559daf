"""Everything that can go wrong on request, by name."""

from __future__ import annotations

from types import MappingProxyType

from twelvelabs_responses.emulator._answer_faults import ANSWER_FAULTS
from twelvelabs_responses.emulator._byte_faults import BYTE_FAULTS
from twelvelabs_responses.emulator._ending_faults import ENDING_FAULTS
from twelvelabs_responses.emulator._event_faults import EVENT_FAULTS
from twelvelabs_responses.emulator._refusing_faults import REFUSING_FAULTS

FAULTS_BY_NAME = MappingProxyType(
    {fault.name: fault for fault in (*REFUSING_FAULTS, *ENDING_FAULTS, *EVENT_FAULTS, *ANSWER_FAULTS, *BYTE_FAULTS)}
)

FAULTS = MappingProxyType({name: fault.description for name, fault in FAULTS_BY_NAME.items()})
"""What can go wrong on request: each fault's name, and in a line what it does."""
