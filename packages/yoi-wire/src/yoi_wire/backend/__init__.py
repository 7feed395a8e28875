"""The Backend on the wire: its operations, what they take, and the views that they answer with (K-07)."""
