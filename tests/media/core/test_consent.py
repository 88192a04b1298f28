"""Who agrees to what."""

from media.core.consent import Consents


def test_a_consent_has_effect_while_everybody_says_yes() -> None:
    consents = Consents()
    assert not consents.effective("record", ["ann", "bob"])
    consents.put("record", "ann", granted=True)
    consents.put("record", "ann", granted=True)
    assert not consents.effective("record", ["ann", "bob"])
    consents.put("record", "bob", granted=True)
    assert consents.effective("record", ["ann", "bob"])
    assert not consents.effective("p2p", ["ann", "bob"])
    assert list(consents) == [("record", "ann"), ("record", "bob")]
    consents.put("record", "ann", granted=False)
    consents.put("record", "ann", granted=False)
    assert not consents.effective("record", ["ann", "bob"])
    assert list(consents) == [("record", "bob")]


def test_somebody_new_has_not_agreed_yet() -> None:
    consents = Consents()
    consents.put("p2p", "ann", granted=True)
    assert consents.effective("p2p", ["ann"])
    assert not consents.effective("p2p", ["ann", "cho"])
