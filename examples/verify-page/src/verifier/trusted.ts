/** https://w3c.github.io/trusted-types/dist/spec/ as far as it is used here. */
interface TrustedTypes {
  createPolicy(name: string, rules: Record<string, (text: string) => string | null>): unknown
}

/**
 * The page's policy lets nothing become a script that no policy of ours made one. In this worker the code that runs is
 * that which `@theater/component` has checked, and the only scripts that are loaded are the page's own, from `blob:`.
 */
export function allowOwnScripts(): void {
  const { trustedTypes } = self as unknown as { readonly trustedTypes?: TrustedTypes }
  trustedTypes?.createPolicy('default', {
    createScript: (code) => code,
    createScriptURL: (url) => (url.startsWith('blob:') ? url : null),
  })
}
