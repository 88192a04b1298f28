"""Pictures that could be shown: what a hole holds up and what ends it."""

from hypothesis import given
from hypothesis import strategies as st

from media.core.arrival import Arrival
from media.core.pictures import GIVE_UP_S, WAITING_MAX, PictureAssembler

FPS = 25


def video(pictures: int, *, packets: int = 3, keys: tuple[int, ...] = (0,), markers: bool = True) -> list[Arrival]:
    """Pictures of some packets; those of `keys` have four times as many. 40 ms apart, packets 1 ms apart."""
    found: list[Arrival] = []
    for picture in range(pictures):
        count = packets * (4 if picture in keys else 1)
        for part in range(count):
            marker = markers and part == count - 1
            at = picture / FPS + part * 0.001
            found.append(Arrival(at, picture * 3600, len(found), 1000, marker=marker))
    return found


def of(packets: list[Arrival], picture: int) -> list[Arrival]:
    return [packet for packet in packets if packet.timestamp == picture * 3600]


def shown(packets: list[Arrival]) -> list[float]:
    """When each picture can be shown."""
    assembler = PictureAssembler()
    return [packet.arrival for packet in packets for _ in assembler.packet(packet)]


def test_each_whole_picture_is_shown_with_its_last_packet() -> None:
    packets = video(50)
    assert shown(packets) == [packet.arrival for packet in packets if packet.marker]


def test_without_markers_the_next_picture_tells() -> None:
    packets = video(50, markers=False)
    assert len(shown(packets)) == 49


def test_packets_out_of_order_make_the_same_pictures() -> None:
    packets = video(50)
    packets[40], packets[41] = packets[41], packets[40]
    assert len(shown(packets)) == 50


def test_what_is_behind_a_hole_waits_for_the_retransmission() -> None:
    packets = video(50)
    lost = of(packets, 10)[1]
    again = lost._replace(arrival=lost.arrival + 0.3, retransmitted=True)
    times = shown(sorted([packet for packet in packets if packet != lost] + [again]))
    assert len(times) == 50
    assert [at for at in times if 0.4 <= at < again.arrival - 1e-9] == []
    assert times.count(again.arrival) == 8


def test_or_for_a_key_frame_that_comes_whole() -> None:
    packets = video(60, keys=(0, 20))
    lost = of(packets, 10)[1]
    times = shown([packet for packet in packets if packet != lost])
    key = of(packets, 20)[-1].arrival
    assert min(at for at in times if at > 0.4) == key
    assert len(times) == 10 + 40


def test_a_key_frame_with_a_hole_does_not_help() -> None:
    packets = video(60, keys=(0, 20, 30))
    gone = [of(packets, 10)[1], of(packets, 20)[5]]
    times = shown([packet for packet in packets if packet not in gone])
    assert min(at for at in times if at > 0.4) == of(packets, 30)[-1].arrival


def test_a_key_frame_without_marker_is_whole_when_the_next_picture_begins() -> None:
    packets = video(60, keys=(0, 20), markers=False)
    lost = of(packets, 10)[1]
    times = shown([packet for packet in packets if packet != lost])
    assert min(at for at in times if at > 0.42) == of(packets, 21)[0].arrival


def test_a_key_frame_in_disorder_is_found_by_any_of_its_packets() -> None:
    packets = video(60, keys=(0, 20))
    lost = of(packets, 10)[1]
    key = of(packets, 20)
    kept = [packet for packet in packets if packet not in (lost, key[3])]
    last = key[-1].arrival + 0.0005
    times = shown(sorted([*kept, key[3]._replace(arrival=last)]))
    assert min(at for at in times if at > 0.4) == last


def test_after_a_while_a_key_frame_is_taken_to_have_come() -> None:
    packets = video(150)
    lost = of(packets, 10)[1]
    times = shown([packet for packet in packets if packet != lost])
    begins = min(at for at in times if at > 0.4)
    assert GIVE_UP_S <= begins - 0.4 <= GIVE_UP_S + 0.1


def test_when_nothing_whole_is_there_it_begins_with_what_comes() -> None:
    packets = video(150, packets=1)
    kept = [packet for packet in packets if packet.sequence < 10 or packet.sequence % 2]
    times = shown(kept)
    assert [at for at in times if 0.3 < at < 0.3 + GIVE_UP_S] == []
    assert [at for at in times if at > 0.3 + GIVE_UP_S] != []


def test_what_waits_is_bounded() -> None:
    assembler = PictureAssembler()
    assembler.packet(Arrival(0.0, 0, 0, 1000, marker=True))
    for number in range(2, 3 * WAITING_MAX):
        assembler.packet(Arrival(0.001, 7, number, 1000))
        assert len(assembler._waiting) <= WAITING_MAX + 1


def test_what_comes_before_the_beginning_is_left_out() -> None:
    assembler = PictureAssembler()
    assembler.packet(Arrival(0.0, 0, 10, 1000, marker=True))
    assert assembler.packet(Arrival(0.01, 0, 9, 1000, marker=True)) == []


@given(st.lists(st.integers(0, 119), max_size=40))
def test_no_picture_is_shown_twice_and_none_that_is_not_whole(lost: list[int]) -> None:
    packets = [packet for packet in video(30, packets=3) if packet.sequence not in lost]
    whole = [picture for picture in range(30) if len(of(packets, picture)) == (12 if picture == 0 else 3)]
    # The first one may have begun before anything was there.
    assert len(shown(packets)) <= len(whole) + 1


def test_nothing_is_given_up_while_nothing_waits() -> None:
    assembler = PictureAssembler()
    assert assembler.advance(5.0) == []
    assert assembler.packet(Arrival(0.0, 0, 10, 1000, marker=True)) == [1000]
    assert assembler.advance(500.0) == []


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20), st.booleans(), st.floats(0, 1)), max_size=150))
def test_whatever_comes_the_books_agree(steps: list[tuple[int, int, bool, float]]) -> None:
    assembler, now, seen = PictureAssembler(), 0.0, set()
    for sequence, timestamp, marker, pause in steps:
        now += pause
        if sequence not in seen:
            seen.add(sequence)
            assembler.packet(Arrival(now, timestamp, sequence, 10, marker=marker))
    assert len(assembler._waiting) <= len(seen)
