"""
No declaration opens what is closed, in any notation, and everything else that it names is open.
"""

from ipaddress import ip_address

import pytest

from tests.safety.egress import closed, opens, policy_addresses_wrong


def test_a_policy_opens_what_was_declared_and_nothing_that_is_closed() -> None:
    """A sample of what ``make figures GROUP=safety`` tries a hundred thousand times."""
    found = policy_addresses_wrong(2_000)

    assert found["holds"], found["examples"]


@pytest.mark.parametrize(
    "address",
    [
        *("169.254.169.254", "169.254.170.2", "100.100.100.200", "127.0.0.1", "224.0.0.1", "10.96.0.1"),
        *("64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "fd00:ec2::254", "fe80::1", "::1", "ff02::1"),
    ],
)
def test_everything_declared_still_leaves_it_closed(address: str) -> None:
    """The widest declaration of each family."""
    everything = "0.0.0.0/0" if ip_address(address).version == 4 else "::/0"

    assert closed(ip_address(address))
    assert not opens(everything, ip_address(address))


def test_the_oracle_can_disagree() -> None:
    """A public address is open where it is declared: a policy that closed everything would be found."""
    assert opens("0.0.0.0/0", ip_address("198.51.100.11"))
    assert opens("2600::/16", ip_address("2600::11"))
    assert not opens("198.51.100.0/24", ip_address("203.0.113.11"))
