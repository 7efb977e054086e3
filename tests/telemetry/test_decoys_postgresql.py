"""The decoys again, fewer of them, with the journal on PostgreSQL: its tables as a dump has them, and its WAL."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import decoy_failures
import decoy_json_calls
import decoy_soap_calls
import psycopg
import pytest
from decoy_scene import staged
from decoy_search import Search
from decoy_sinks import SINKS, taken
from decoys import Decoys
from postgresql_server import needed

if TYPE_CHECKING:
    from postgresql_server import PostgreSQL

pytestmark = [needed, pytest.mark.xdist_group("decoys-postgresql")]

CALLS = (
    decoy_soap_calls.names_and_options,
    decoy_soap_calls.updates,
    decoy_soap_calls.logins_and_sessions,
    decoy_soap_calls.what_is_none,
    decoy_json_calls.names_options_and_headers,
    decoy_json_calls.the_admin_api,
    decoy_failures.zuora_says_no,
    decoy_failures.zuora_says_nothing,
    decoy_failures.the_bridge_breaks,
)
COMMANDS = ("journal list --json", "journal export --request", "cutover history", "usage --fields")


def dumped(server: PostgreSQL, place: str) -> bytes:
    """Every table of a place as text, as a dump has it."""
    told = []
    tables = server.execute(f"SELECT tablename FROM pg_tables WHERE schemaname = '{place}'")
    with psycopg.connect(server.url(place)) as connection, connection.cursor() as cursor:
        for (table,) in tables:
            with cursor.copy(f"COPY {table} TO STDOUT") as rows:  # type: ignore[arg-type,unused-ignore]
                told.append(f"{table}\n".encode() + b"".join(map(bytes, rows)))
    return b"\n".join(told)


def logged(server: PostgreSQL, since: str) -> bytes:
    """The files of the WAL, from the one of this name on."""
    files = sorted((server.folder / "data" / "pg_wal").glob("0*"))
    return b"\n".join(each.read_bytes() for each in files if each.name >= since)


def test_no_decoy_is_in_tables_or_wal(tmp_path: Path, postgresql: PostgreSQL) -> None:
    """Nor in what the commands say of it."""
    place, decoys = postgresql.new_place(), Decoys(2)
    ((since,),) = postgresql.execute("SELECT pg_walfile_name(pg_current_wal_lsn())")
    with staged(tmp_path, decoys, postgresql.url(place)) as scene:
        for calls in CALLS:
            calls(scene)
        written = taken({name: SINKS[name] for name in COMMANDS}, scene)
    written |= {"tables": dumped(postgresql, place), "WAL": logged(postgresql, since)}
    for table in (b"intent\n", b"dispatch\n", b"audit\n", b"comparison\n"):
        assert table in written["tables"]
    # What is looked at is of these calls.
    listed = json.loads(written["journal list --json"])["intents"]
    for sink in ("tables", "WAL"):
        assert all(one["id"].encode() in written[sink] for one in listed), sink
    search = Search(decoys.all)
    found = {sink: list(search.found(said).items())[:3] for sink, said in written.items()}
    assert not any(found.values()), found
