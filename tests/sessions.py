"""What a turn would go on with."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twelvelabs_responses import OnStaleSession, Session, Sessions


def continued(sessions: Sessions, session: Session, policy: OnStaleSession = "fork") -> str | None:
    """Return the session that a turn after this answer would go on with, None for a new one; none is sent."""
    with sessions.claim(session, policy) as claim:
        return claim.session_id
