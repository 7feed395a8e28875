"""Tell the service manager that a server serves: the notification protocol of systemd, sd_notify(3)."""

import socket


def notify_ready(address: str) -> None:
    """Say that the service is ready; a manager that does not listen any more is passed over.

    Args:
        address: What `NOTIFY_SOCKET` says: a path, or `@` and a name that is in no file system.
    """
    target = f"\0{address[1:]}" if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as manager:
        try:
            manager.connect(target)
            manager.sendall(b"READY=1")
        except OSError:
            return
