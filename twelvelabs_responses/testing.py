"""For tests of what you build: rules for cassettes.

The pytest plugin of this package (`pytest_twelvelabs`) brings them; nothing needs to be imported for it.
"""

from twelvelabs_responses._cassettes import CassetteSerializer, apply_cassette_rules, cassette_rules

__all__ = ["CassetteSerializer", "apply_cassette_rules", "cassette_rules"]
