"""The Merkle log: canonical entries, commitments, checkpoints, proofs, static export. Pure; only `tiles` touches a folder."""
