/** The typed boundary of a component: live it records, on a re-run it answers from the record. */
export {}
