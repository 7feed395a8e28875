"""Default signals for the children of tests, whatever the shell ignores that started the tests."""

import signal
import threading

# Python ignores these two for itself; `subprocess` restores them in children.
_IGNORED_BY_PYTHON = {signal.SIGPIPE, signal.SIGXFSZ}


def restore_default_signals() -> None:
    """Give all future children of this process the default action of every signal that it ignores.

    A signal that is ignored stays ignored in a child; one that is handled gets its default action there (`execve(2)`). A
    shell without job control ignores SIGINT and SIGQUIT for what it starts in the background, `nohup` ignores SIGHUP.
    This process itself goes on ignoring them.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in signal.valid_signals() - _IGNORED_BY_PYTHON:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)
