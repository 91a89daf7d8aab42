/** Turns, mailboxes, grants and the life of actors. */
export {}
