/** Messages between actors: theater:messaging. */
export {}
