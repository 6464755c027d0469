"""The control API's JSON: what goes out comes in again (compared as text: NaN is not equal to itself), and what is
wrong is named.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.arrangement import Arrangement, Break, Change, Evict, Heal, Publish, Warm
from simulator.control import wire
from simulator.topology import Topology
from tests.simulator import QUICK

CHANGES: st.SearchStrategy[Change] = st.one_of(*(st.from_type(kind) for kind in (Publish, Warm, Evict, Break, Heal)))


@QUICK
@given(st.from_type(Arrangement))
def test_an_arrangement_survives(arrangement: Arrangement) -> None:
    assert repr(wire.arrangement_from(wire.arrangement_json(arrangement))) == repr(arrangement)


@QUICK
@given(st.lists(CHANGES).map(tuple))
def test_changes_survive(changes: tuple[Change, ...]) -> None:
    assert repr(wire.changes_from(wire.changes_json(changes))) == repr(changes)


@QUICK
@given(st.from_type(Topology))
def test_a_topology_survives(topology: Topology) -> None:
    assert wire.topology_from(wire.topology_json(topology)) == topology


def test_one_change_needs_no_list() -> None:
    assert wire.changes_from(b' {"do": "heal", "server": "hub"}') == (Heal("hub"),)


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (b"", "Field required"),
        (b"{", "JSON"),
        (b"[]", "should be an object"),
        (b'{"imagess": {}}', "imagess"),
        (b'{"images": {"a": {}}}', "images.a.seed"),
        (b'{"servers": {"hub": {"faults": [{"kind": "sulk"}]}}}', "servers.hub.faults.0.kind"),
        (b'{"servers": {"hub": {"copies": [{"repository": "a", "tag": "b", "image": "c", "x": 1}]}}}', "copies.0.x"),
    ],
)
def test_a_malformed_arrangement_is_refused_with_its_place(data: bytes, where: str) -> None:
    with pytest.raises(wire.MalformedError, match=where) as caught:
        wire.arrangement_from(data)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (b'{"do": "hael", "server": "hub"}', "hael"),
        (b'{"server": "hub"}', "do"),
        (b'[{"do": "evict", "server": "hub", "repository": "r", "tga": "1"}]', "tga"),
    ],
)
def test_a_malformed_change_is_refused_with_its_place(data: bytes, where: str) -> None:
    with pytest.raises(wire.MalformedError, match=where):
        wire.changes_from(data)


def test_a_journal_must_be_one() -> None:
    with pytest.raises(wire.MalformedError, match="mark"):
        wire.journal_from(b'{"exchanges": [], "errors": []}')
