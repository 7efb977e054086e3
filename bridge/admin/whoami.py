"""Whose token it is: ``GET whoami``."""

from __future__ import annotations

from bridge.admin.asking import Answer, Answers, Asked, looks


async def _tell(asked: Asked) -> Answer:
    person = asked.person
    return 200, {"name": person.name, "role": person.role.name.lower(), "shared": person.shared}


ANSWERS: Answers = {("GET", "whoami"): looks(_tell)}
