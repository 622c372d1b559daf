"""A local `POST /v1.3/responses` to build and test against, without a key, a network or a quota.

```python
from twelvelabs_responses.emulator import Emulator

with Emulator() as emulator:
    ...  # point a client at emulator.base_url, ask about emulator.knowledge_store_id
```
"""

try:
    from twelvelabs_responses.emulator._emulator import Emulator
except ModuleNotFoundError as error:
    # The client sends those here who have no key, and they may have installed nothing but the client.
    needed = (error.name or "").partition(".")[0]
    raise ModuleNotFoundError(
        f"the emulator needs {needed}: pip install 'twelvelabs-responses[emulator]'", name=needed
    ) from error
from twelvelabs_responses.emulator._era import ERAS
from twelvelabs_responses.emulator._exchanges import Exchange
from twelvelabs_responses.emulator._faults import FAULTS
from twelvelabs_responses.emulator._scripted import ScriptedAnswer, ScriptedCall, ScriptedCitation

__all__ = ["ERAS", "FAULTS", "Emulator", "Exchange", "ScriptedAnswer", "ScriptedCall", "ScriptedCitation"]
