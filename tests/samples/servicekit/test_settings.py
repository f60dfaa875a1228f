"""What the environment may say, and what it is told when it errs."""

import pytest

from concordat_servicekit import Settings, WrongSetting


def test_nothing_said_is_a_working_service() -> None:
    """Every setting has a default."""
    assert Settings() == Settings.from_environment({})


def test_buckets_are_sorted_and_unique() -> None:
    """Thresholds come in the order of the objectives."""
    assert (0.2, 0.5, 2.0) == Settings.from_environment({"SLO_BUCKETS": "2, 0.2,0.5,0.2"}).buckets


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("HTTP_PORT", "http", "port number"),
        ("METRICS_PORT", "65536", "65535"),
        ("SLO_BUCKETS", "200ms", "seconds, such as"),
        ("SLO_BUCKETS", "0", "above 0"),
        ("SLO_BUCKETS", "inf", "seconds, such as"),
        ("DRAIN_SECONDS", "nan", "seconds, such as"),
        ("GRACE_SECONDS", "-1", "seconds, such as"),
        ("LOG_LEVEL", "loud", "debug, info"),
    ],
)
def test_a_wrong_setting_names_itself_and_the_remedy(name: str, value: str, remedy: str) -> None:
    """The message holds the variable, what it was, and what would do."""
    with pytest.raises(WrongSetting, match=f"{name}='{value}'.*{remedy}"):
        Settings.from_environment({name: value})
