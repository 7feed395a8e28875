"""Log of the Backend."""

from yoi_wire.event_log import EventLog

LOG = EventLog("yoi_workspace_server")
