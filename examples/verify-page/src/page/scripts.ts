/** The scripts of the workers, which `verifier.js` holds as text: the page fetches nothing, so it makes blobs of them. */
import type { Remote } from './session.ts'

/** What `verifier.js` leaves behind. */
interface Holder {
  theaterVerifier?: { readonly verifier: string; readonly transpiler: string }
}

interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string },
  ): { createScriptURL(url: string): string }
}

let made: Promise<{ readonly transpiler: string; readonly verifier: () => Remote }> | undefined

/** The URL of the transpiler's script, and what starts a verifier. */
export function scripts(): Promise<{ readonly transpiler: string; readonly verifier: () => Remote }> {
  made ??= make()
  return made
}

async function make(): Promise<{ readonly transpiler: string; readonly verifier: () => Remote }> {
  // The large script comes after this one.
  if (document.readyState !== 'complete') {
    await new Promise((resolve) => addEventListener('load', resolve, { once: true }))
  }
  const { theaterVerifier } = globalThis as Holder
  if (theaterVerifier === undefined) throw new TypeError('verifier.js was not loaded')
  const { trustedTypes } = globalThis as { readonly trustedTypes?: TrustedTypes }
  const policy = trustedTypes?.createPolicy('verify-page', { createScriptURL: (url) => url })
  const url = (code: string): string => URL.createObjectURL(new Blob([code], { type: 'text/javascript' }))
  const transpiler = url(theaterVerifier.transpiler)
  const verifier = url(theaterVerifier.verifier)
  const script = policy?.createScriptURL(verifier) ?? verifier
  return { transpiler, verifier: () => new Worker(script) as unknown as Remote }
}
