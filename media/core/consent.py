"""Who in a call has agreed to what. A consent has effect while everybody has given it."""

from collections.abc import Collection, Iterator

from protocol.calls import ConsentKind


class Consents:
    """The yes of each person, by kind. A person who has said nothing has said no."""

    def __init__(self) -> None:
        self._granted: dict[ConsentKind, list[str]] = {}

    def put(self, kind: ConsentKind, user_id: str, *, granted: bool) -> None:
        """Say yes, or take it back; saying the same again changes nothing."""
        people = self._granted.setdefault(kind, [])
        if granted and user_id not in people:
            people.append(user_id)
        elif not granted and user_id in people:
            people.remove(user_id)

    def effective(self, kind: ConsentKind, user_ids: Collection[str]) -> bool:
        """Whether all of these people agree."""
        return set(user_ids) <= set(self._granted.get(kind, ()))

    def __iter__(self) -> Iterator[tuple[ConsentKind, str]]:
        """Every yes there is: (kind, user id)."""
        return ((kind, user_id) for kind, people in self._granted.items() for user_id in people)
