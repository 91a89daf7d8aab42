/** Words that only one licence has, most particular first where one licence quotes another. */
const marks: readonly (readonly [id: string, mark: RegExp])[] = [
  ['AGPL-3.0-only', /gnu affero general public license version 3/],
  ['LGPL-3.0-only', /gnu lesser general public license version 3/],
  ['LGPL-2.1-only', /gnu lesser general public license version 2\.1/],
  ['GPL-3.0-only', /gnu general public license version 3/],
  ['GPL-2.0-only', /gnu general public license version 2/],
  ['MPL-2.0', /mozilla public license,? version 2\.0|mozilla public license,? v\. 2\.0/],
  ['EPL-2.0', /eclipse public license - v 2\.0/],
  ['EPL-1.0', /eclipse public license - v 1\.0/],
  ['CDDL-1.0', /common development and distribution license \(cddl\),? version 1\.0/],
  ['Apache-2.0', /apache license,? version 2\.0|licensed under the apache license/],
  ['BlueOak-1.0.0', /blue oak model license/],
  ['CC0-1.0', /cc0 1\.0 universal|creative commons zero v1\.0/],
  ['CC-BY-4.0', /creative commons attribution 4\.0/],
  ['CC-BY-3.0', /creative commons attribution 3\.0/],
  ['Unlicense', /this is free and unencumbered software released into the public domain/],
  ['WTFPL', /do what the fuck you want to public license/],
  ['BSL-1.0', /boost software license - version 1\.0/],
  ['Zlib', /this software is provided 'as-is', without any express or implied warranty/],
  ['Python-2.0', /python software foundation license version 2/],
  ['MIT', /permission is hereby granted, free of charge, to any person obtaining a copy/],
  [
    'ISC',
    /permission to use, copy, modify, and(\/or)? distribute this software for any purpose with or without fee is hereby granted, provided/,
  ],
  [
    '0BSD',
    /permission to use, copy, modify, and\/or distribute this software for any purpose with or without fee is hereby granted\. the software/,
  ],
]

const bsd = /redistribution and use in source and binary forms, with or without modification, are permitted/
const llvm = /llvm exceptions to the apache 2\.0 license/
const bsdNames = /neither the names? of|may not be used to endorse or promote products/

/**
 * The licence that a text is, as SPDX writes it. A file may hold the notices of others behind its own licence, so
 * the words that come first decide. Undefined where no words are known.
 */
export function recognise(text: string): string | undefined {
  const plain = text
    .toLowerCase()
    .replace(/[“”«»"]/g, '')
    .replace(/[‘’`]/g, "'")
    .replace(/[\s*#>/]+/g, (gap) => (gap.includes('/') && gap.length === 1 ? '/' : ' '))
  let found: { readonly id: string; readonly at: number } | undefined
  const offer = (id: string, at: number): void => {
    if (at >= 0 && (found === undefined || at < found.at)) found = { id, at }
  }
  for (const [id, mark] of marks) offer(id, plain.search(mark))
  const at = plain.search(bsd)
  // The clause about names, where there is one, follows within a page.
  offer(bsdNames.test(plain.slice(at, at + 1500)) ? 'BSD-3-Clause' : 'BSD-2-Clause', at)
  // It stands behind the licence that it is an exception to.
  if (found?.id === 'Apache-2.0' && llvm.test(plain)) return 'Apache-2.0 WITH LLVM-exception'
  return found?.id
}

/** Whether a file of this name holds the licence of the package it lies in, and not those of others. */
export function isLicenceFile(name: string): boolean {
  return (
    /^(mit-)?(licen[cs]es?|copying|unlicen[cs]e)([-._][a-z0-9._-]*)?$/i.test(name) &&
    !/\.(js|cjs|mjs|ts|json|map|png|svg)$/i.test(name) &&
    !/third|3rd|vendor|notice|bundled/i.test(name)
  )
}
