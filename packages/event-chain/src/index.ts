/** Hash-linked events, their proofs, and where they are stored. */
export {}
