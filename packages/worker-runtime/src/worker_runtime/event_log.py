"""Log of the Runtime."""

from yoi_wire.event_log import EventLog

LOG = EventLog("worker_runtime")
