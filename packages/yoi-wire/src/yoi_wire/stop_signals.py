"""Signals by which a service manager or a person stops a program."""

import asyncio
import signal

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def watch_signals(signals: tuple[signal.Signals, ...] = STOP_SIGNALS) -> asyncio.Event:
    """Return an event of the running loop that is set by the first of these signals."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in signals:
        loop.add_signal_handler(number, stopping.set)
    return stopping
