/** The laws that every capability handler passes. */
export {}
