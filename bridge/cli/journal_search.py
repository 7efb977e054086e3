"""``bridge journal list`` by what only the sealed requests say: the admin API's search, until it is at the end.

Must not hold a rule: what fits is ``admin.search``'s.
"""

from __future__ import annotations

from collections.abc import Mapping

from rich.progress import Progress

from bridge.admin.search import Sought, search
from bridge.core.intent import Intent
from bridge.journal.reading import Reader, Wanted
from bridge.settings import ConfigurationError


def searched(opened: Reader, wanted: Wanted, said: Mapping[str, str | None], limit: int, bar: Progress) -> list[Intent]:
    """The newest that fit; ``said`` holds account, document, amount and reference, None where it does not matter."""
    try:
        sought = Sought.parse(said["account"], said["document"], said["amount"], said["reference"])
    except ValueError as error:
        raise ConfigurationError(f"--{error}") from None
    task = bar.add_task("search", total=opened.count(wanted))
    found: list[Intent] = []
    after = None
    while True:
        made = search(opened, wanted, sought, limit=limit - len(found), after=after)
        found += [one for one, _ in made.calls]
        bar.advance(task, made.rows)
        after = made.next
        if after is None or len(found) >= limit:
            return found
