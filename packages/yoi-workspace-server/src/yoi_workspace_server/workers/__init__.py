"""Workers through the Backend: chosen a Runtime, created there, asked about there (K-06)."""
