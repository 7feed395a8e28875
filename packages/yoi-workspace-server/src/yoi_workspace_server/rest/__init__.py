"""The Backend over HTTP: `/api/v1`, for people, programs and browsers (K-07, K-09)."""
