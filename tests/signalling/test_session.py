"""Connections and who is behind them."""

from signalling.session import Connection, ConnectionTable


def table_with(*ids: str) -> tuple[ConnectionTable, list[Connection]]:
    table = ConnectionTable()
    connections = [Connection(connection_id) for connection_id in ids]
    for connection in connections:
        table.add(connection)
    return table, connections


def test_a_connection_is_found_by_its_id_until_it_is_removed() -> None:
    table, (one,) = table_with("1")
    assert table.get("1") is one
    assert len(table) == 1
    assert table.remove("1") is one
    assert table.get("1") is None
    assert table.remove("1") is None
    assert len(table) == 0


def test_a_user_has_all_connections_that_are_bound_to_them() -> None:
    table, (one, two, three) = table_with("1", "2", "3")
    table.bind(one, "ann")
    table.bind(two, "ann")
    table.bind(three, "bob")
    assert table.of_user("ann") == [one, two]
    assert table.of_user("bob") == [three]
    assert table.of_user("nobody") == []


def test_binding_again_takes_the_connection_from_its_former_user() -> None:
    table, (one, two) = table_with("1", "2")
    table.bind(one, "ann")
    table.bind(two, "ann")
    table.bind(one, "bob")
    assert table.of_user("ann") == [two]
    assert table.of_user("bob") == [one]
    assert one.user_id == "bob"
    table.unbind(two)
    assert table.of_user("ann") == []
    assert two.user_id is None
    table.unbind(two)
    assert two.user_id is None


def test_a_removed_connection_still_says_whose_it_was() -> None:
    table, (one,) = table_with("1")
    table.bind(one, "ann")
    removed = table.remove("1")
    assert removed is not None
    assert removed.user_id == "ann"
    assert table.of_user("ann") == []


def test_rooms_are_open_once_however_many_look_at_them() -> None:
    table, (one, two, three) = table_with("1", "2", "3")
    assert table.open_rooms() == 0
    one.current_match = two.current_match = "m"
    three.current_match = "n"
    assert table.open_rooms() == 2
    table.remove("3")
    assert table.open_rooms() == 1


def test_connections_of_one_page_are_siblings_and_one_client() -> None:
    table = ConnectionTable()
    chat, scene = Connection("1", engine_id="e1"), Connection("2", "/virtual-date", engine_id="e1")
    other, foreign = Connection("3", engine_id="e3"), Connection("4", "/more", engine_id="e1")
    for connection, user_id in ((chat, "ann"), (scene, "ann"), (other, "ann"), (foreign, "bob")):
        table.add(connection)
        table.bind(connection, user_id)
    assert len(table) == 2
    assert (table.siblings(scene), table.siblings(chat), table.siblings(other)) == ([chat], [scene], [])
    assert (table.of_user("ann"), table.of_user("ann", "/virtual-date")) == ([chat, other], [scene])
    table.remove("1")
    assert (len(table), table.siblings(scene)) == (2, [])
    for connection_id in ("2", "4"):
        table.remove(connection_id)
    assert len(table) == 1


def test_an_expiry_is_cancelled_once() -> None:
    cancelled: list[int] = []
    connection = Connection("1", cancel_expiry=lambda: cancelled.append(1))
    connection.forget_expiry()
    connection.forget_expiry()
    assert cancelled == [1]
