/** What to do about an import that no handler of `theater` serves: sentences, after a space. */
export function insteadOf(name: string): string {
  if (/^wasi:[^@]*@0\.3\./.test(name)) return ' It is of WASI 0.3, and theater runs components of WASI 0.2.'
  return name.startsWith('wasi:sockets/')
    ? ' Sockets would let it reach any address: what it may reach over HTTP is granted as http. A handler for them of somebody else is given with --handler MODULE.'
    : ' One of somebody else is given with --handler MODULE.'
}
