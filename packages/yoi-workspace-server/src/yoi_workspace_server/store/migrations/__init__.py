"""Changes of the schema, one module each under `versions`, applied in order by `yoi_workspace_server.store.database.migration`."""
