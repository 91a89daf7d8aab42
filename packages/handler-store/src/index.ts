/** Content-addressed blobs and labels: theater:store. */
export {}
