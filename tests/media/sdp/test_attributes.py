from collections.abc import Callable
from typing import Any

import pytest

from media.sdp.attributes import (
    inherited,
    read_direction,
    read_extensions,
    read_fingerprints,
    read_msid,
    read_rids,
    read_rtx_of,
    read_ssrcs,
)
from media.sdp.text import Section
from protocol.errors import InvalidPayload, TooLarge

SHA_256 = ":".join(["0a"] * 32)


def section(**attributes: list[str]) -> Section:
    return Section(attributes={name.replace("_", "-"): values for name, values in attributes.items()})


def test_a_section_has_one_direction_or_none() -> None:
    assert read_direction(section(recvonly=[""])) == "recvonly"
    assert read_direction(section()) is None
    with pytest.raises(InvalidPayload, match="two directions"):
        read_direction(section(recvonly=[""], sendonly=[""]))


def test_extensions_keep_id_uri_and_direction() -> None:
    part = section(extmap=["1 urn:a", "2/recvonly urn:b attributes", "3/sendrecv urn:c"])
    assert read_extensions(part) == ({1: "urn:a", 2: "urn:b", 3: "urn:c"}, {2: "recvonly"})


@pytest.mark.parametrize(
    "values", [["0 urn:a"], ["15 urn:a"], ["4352 urn:a"], ["1"], ["1 "], ["1/both urn:a"], ["1/ urn:a"], ["1 a", "1 b"]]
)
def test_malformed_extensions_are_refused(values: list[str]) -> None:
    with pytest.raises(InvalidPayload):
        read_extensions(section(extmap=values))


def test_ssrcs_are_listed_once_each() -> None:
    assert read_ssrcs(section(ssrc=["7 cname:a", "7 msid:a b", "4294967295"])) == (7, 4294967295)


@pytest.mark.parametrize("value", ["0 cname:a", "4294967296 cname:a", "x", ""])
def test_an_ssrc_has_32_bits_and_is_not_zero(value: str) -> None:
    with pytest.raises(InvalidPayload):
        read_ssrcs(section(ssrc=[value]))


def test_fid_groups_say_which_ssrc_repeats_which() -> None:
    part = section(ssrc_group=["FID 1 2", "SIM 1 3 5", "FID 3 4"])
    assert read_rtx_of(part, (1, 2, 3, 4)) == {2: 1, 4: 3}


@pytest.mark.parametrize(
    "groups",
    [["FID 1"], ["FID 1 2 3"], ["FID 1 9"], ["FID"], ["FID 1 x"], ["FID 1 2", "FID 3 2"], ["FID 1 2", "FID 2 3"]],
)
def test_malformed_fid_groups_are_refused(groups: list[str]) -> None:
    with pytest.raises(InvalidPayload):
        read_rtx_of(section(ssrc_group=groups), (1, 2, 3))


def test_msid_is_stream_and_track() -> None:
    assert read_msid(section(msid=["{s} {t}", "other {t}"])) == ("{s}", "{t}")
    assert read_msid(section(msid=["s"])) == ("s", "")
    assert read_msid(section()) is None


@pytest.mark.parametrize("value", ["", " t", "s a b", "s" * 129])
def test_a_malformed_msid_is_refused(value: str) -> None:
    with pytest.raises(InvalidPayload):
        read_msid(section(msid=[value]))


def test_rids_are_those_the_client_sends() -> None:
    assert read_rids(section(rid=["q send", "h send max-width=320", "x recv"])) == ("q", "h")


@pytest.mark.parametrize("value", ["q", "q both", " send", "q/ send", "q" * 17 + " send"])
def test_a_malformed_rid_is_refused(value: str) -> None:
    with pytest.raises(InvalidPayload):
        read_rids(section(rid=[value]))


@pytest.mark.parametrize(
    ("read", "part"),
    [
        (read_extensions, section(extmap=[f"{n} urn:{n}" for n in range(100, 165)])),
        (read_ssrcs, section(ssrc=[f"{n}" for n in range(1, 66)])),
        (read_rids, section(rid=[f"{n} send" for n in range(17)])),
    ],
)
def test_more_than_anybody_needs_is_too_large(read: Callable[[Section], Any], part: Section) -> None:
    with pytest.raises(TooLarge):
        read(part)


def test_the_m_line_s_own_value_comes_before_the_session_s() -> None:
    session = section(setup=["actpass"])
    assert inherited(session, section(), "setup") == "actpass"
    assert inherited(session, section(setup=["active"]), "setup") == "active"


def test_fingerprints_are_spelt_one_way_and_weak_ones_passed_over() -> None:
    session = section(fingerprint=["SHA-256 " + SHA_256, "sha-1 00:00", "md5 x"])
    assert read_fingerprints(session, section()) == (("sha-256", SHA_256.upper()),)


@pytest.mark.parametrize(
    "values",
    [
        [],
        ["sha-1 00:00"],
        ["sha-384 " + ":".join(["00"] * 48)],
        ["sha-256"],
        ["sha-256 " + SHA_256[:-3]],
        ["sha-256 " + SHA_256[:-1] + "g"],
        ["sha-256 " + SHA_256.replace(":", "-")],
        ["sha-256 " + SHA_256, "sha-512 00"],
    ],
)
def test_a_fingerprint_of_sha_256_must_be_there_and_none_malformed(values: list[str]) -> None:
    with pytest.raises(InvalidPayload):
        read_fingerprints(section(), section(fingerprint=values))
