"""Which checks count and which path is selected."""

from dataclasses import dataclass

from aioice import stun as reference

from media.transport.ice_lite import MAX_PATHS, PATH_LIFETIME_S, SILENT_PATH_S, CheckResult, IceCredentials, IceLite
from media.transport.stun import parse_request

from .peers import binding_request

OLD, NEW, NEWER = IceCredentials("old", "o" * 32), IceCredentials("new", "n" * 32), IceCredentials("newer", "w" * 32)


@dataclass(frozen=True)
class Way:
    number: int

    @property
    def remote(self) -> tuple[str, int]:
        return ("192.0.2.1", self.number)


A, B, C = Way(1), Way(2), Way(3)


class Ice(IceLite[Way]):
    __slots__ = ("retired",)

    def __init__(self) -> None:
        self.retired: list[IceCredentials] = []
        super().__init__(OLD, self.retired.append)

    def ask(
        self, path: Way, now: float, *, nominate: bool = False, by: IceCredentials = OLD, heard: float = 0.0
    ) -> CheckResult | None:
        return self.check(parse_request(binding_request(by, use_candidate=nominate)), path, now, heard)


def moved(result: CheckResult | None) -> bool:
    assert result is not None
    return result.moved


def test_the_first_authentic_check_selects_its_path() -> None:
    ice = Ice()
    assert moved(ice.ask(A, 1.0))
    assert not moved(ice.ask(A, 2.0))
    assert (ice.selected, ice.paths) == (A, (A,))


def test_a_check_with_a_wrong_password_is_not_answered() -> None:
    ice = Ice()
    request = parse_request(binding_request(IceCredentials("old", "x" * 32)))
    assert ice.check(request, A, 1.0, 0.0) is None
    assert ice.paths == ()


def test_a_nomination_moves_at_once() -> None:
    ice = Ice()
    ice.ask(A, 1.0)
    assert moved(ice.ask(B, 1.0, nominate=True))
    assert ice.selected == B


def test_without_nomination_the_session_moves_only_when_the_old_path_is_silent() -> None:
    ice = Ice()
    ice.ask(A, 1.0)
    assert not moved(ice.ask(B, 1.0 + SILENT_PATH_S - 0.01))
    assert not moved(ice.ask(B, 1.0 + SILENT_PATH_S, heard=1.2))
    assert ice.selected == A
    assert moved(ice.ask(B, 1.0 + SILENT_PATH_S, heard=0.9))
    assert ice.paths == (A, B)


def test_a_sender_that_takes_itself_for_controlled_is_told_of_the_conflict() -> None:
    ice = Ice()
    result = ice.check(parse_request(binding_request(OLD, controlling=False)), A, 1.0, 0.0)
    assert result is not None
    assert reference.parse_message(result.response).error_code == 487
    assert (result.moved, ice.selected, ice.paths) == (False, None, ())


def test_an_unknown_attribute_that_must_be_understood_is_an_error() -> None:
    ice = Ice()
    message = reference.Message(message_method=reference.Method.BINDING, message_class=reference.Class.REQUEST)
    message.attributes["USERNAME"] = "old:x"
    message.attributes["CHANNEL-NUMBER"] = 1
    message.add_message_integrity(OLD.key)
    result = ice.check(parse_request(bytes(message)), A, 1.0, 0.0)
    assert result is not None
    assert reference.parse_message(result.response).error_code == 420
    assert ice.paths == ()


def test_after_a_restart_the_old_credentials_hold_until_the_new_ones_are_used() -> None:
    ice = Ice()
    ice.ask(A, 1.0)
    ice.restart(NEW)
    assert ice.ask(A, 2.0) is not None
    assert ice.retired == []
    assert ice.ask(A, 3.0, by=NEW) is not None
    assert (ice.retired, ice.current, ice.pending) == ([OLD], NEW, None)
    assert ice.ask(A, 4.0, by=OLD) is None
    assert ice.selected == A


def test_a_second_restart_replaces_the_first_one() -> None:
    ice = Ice()
    ice.restart(NEW)
    ice.restart(NEWER)
    assert ice.retired == [NEW]
    assert ice.ask(A, 1.0, by=NEWER) is not None
    assert ice.retired == [NEW, OLD]


def test_paths_without_checks_are_forgotten_but_never_the_selected_one() -> None:
    ice = Ice()
    ice.ask(A, 0.0)
    ice.ask(B, 0.1)
    ice.ask(C, 10.0, heard=9.9)
    late = 0.2 + PATH_LIFETIME_S
    assert ice.expire(late) == [B]
    assert ice.paths == (A, C)
    assert ice.selected == A


def test_the_oldest_paths_above_the_limit_are_forgotten() -> None:
    ice = Ice()
    for number in range(MAX_PATHS + 3):
        ice.ask(Way(number), 1.0 + number / 100)
    assert ice.expire(2.0) == [Way(1), Way(2), Way(3)]
    assert len(ice.paths) == MAX_PATHS
    assert ice.selected == Way(0)
