"""Workers through the Backend: placed on a Runtime, created there, asked about there (K-06)."""
