"""
The whole of observability on the real thing: samples that run, a Prometheus and an Alertmanager that watch them, the
operator's own output between them.

Time is compressed sixty times: an hour of the rules is a minute of the clock. :mod:`tests.live.compressed` says what that means.
"""
