"""Reader of plugin manifests, and the packing of plugin directories."""
