"""File formats: JSON, TOML, YAML and frontmatter with the line of each value."""
