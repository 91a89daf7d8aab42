/** WIT types, values, canonical bytes and content identifiers. */
export {}
