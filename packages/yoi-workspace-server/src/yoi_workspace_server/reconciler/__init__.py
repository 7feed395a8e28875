"""Reconciler: brings every Runtime to what its workspaces should be there, again and again (K-04)."""
