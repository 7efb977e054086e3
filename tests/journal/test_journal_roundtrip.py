"""Any intent and any dispatch come back exactly as they went in."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journal_examples import KEY, newest

from bridge.core.commands import Opened
from bridge.core.intent import Dispatch, Intent, State
from bridge.core.model import Op, Route, RowError
from bridge.journal import Journal

numbers = st.integers(-(2**31), 2**31 - 1)
instants = st.integers(-(2**63), 2**63 - 1)
any_text = st.text(st.characters(codec=None))  # lone surrogates too: what is sealed or JSON takes them
errors = st.lists(st.builds(RowError, any_text, any_text, st.none() | any_text), max_size=3).map(tuple)
intents = st.builds(
    Intent,
    id=st.text(),
    scope=st.text(),
    caller=st.text(),
    call_id=st.text(),
    position=numbers,
    op=st.sampled_from(Op),
    object_type=st.text(),
    fingerprint=st.text(),
    ordinal=numbers,
    generation=numbers,
    route=st.none() | st.sampled_from(Route),
    state=st.sampled_from(State),
    created_at=instants,
    owner=st.text(),
    zuora_id=st.none() | st.text(),
    errors=errors,
    unsent=st.booleans(),
    settled_at=st.none() | instants,
    delivered_at=st.none() | instants,
)
dispatches = st.builds(
    Dispatch,
    id=st.text(),
    call_id=st.text(),
    route=st.sampled_from(Route),
    op=st.sampled_from(Op),
    method=any_text,
    path=any_text,
    headers=st.lists(st.tuples(any_text, any_text), max_size=4).map(tuple),
    body=st.binary(max_size=2000),
    intent_ids=st.just(()),
    key=st.none() | st.text(),
    marker=st.none() | st.text(),
    step=numbers,
    attempt=numbers,
    recorded_at=instants,
    first_sent_at=st.none() | instants,
)


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journal]:
    """One journal for all examples: each brings its own ids."""
    folder = tmp_path_factory.mktemp("roundtrip")
    with closing(Journal.open(f"sqlite:///{folder / 'bridge.db'}", KEY, "w1")) as journal:
        yield journal


def _unique(intent: Intent) -> Intent:
    tail = str(uuid4())
    zuora_id = None if intent.zuora_id is None else intent.zuora_id + tail
    return replace(intent, id=intent.id + tail, fingerprint=intent.fingerprint + tail, zuora_id=zuora_id)


@settings(deadline=None, max_examples=150)
@given(first=intents, second=intents, sent=dispatches)
def test_an_intent_and_a_dispatch_are_loaded_as_they_were_stored(
    journal: Journal, first: Intent, second: Intent, sent: Dispatch
) -> None:
    """Every field, whatever it holds."""
    # All examples share a database and Hypothesis repeats values, so what must be unique is made so here.
    first, second = _unique(first), _unique(second)
    sent = replace(sent, id=sent.id + str(uuid4()), intent_ids=(second.id, first.id))

    async def scene() -> None:
        assert await journal.record([Opened((first, second), (sent,))])
        assert await journal.intents([first.id, second.id]) == (first, second)
        assert await newest(journal, first.id) == sent
        assert await newest(journal, second.id) == sent

    asyncio.run(scene())
