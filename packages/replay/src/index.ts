/** Verify, compare, step through and fork recorded chains. */
export {}
