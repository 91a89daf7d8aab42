/** Elements of text. There is no other way here from a string to the document, so no string becomes markup. */

/** What may be inside an element. */
export type Content = Node | string | null | undefined

/** Makes an element with a class, attributes and content. */
export function el<K extends keyof HTMLElementTagNameMap>(
  name: K,
  className = '',
  content: Content | readonly Content[] = [],
  attributes: Readonly<Record<string, string>> = {},
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name)
  if (className !== '') element.className = className
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
  for (const item of Array.isArray(content) ? (content as readonly Content[]) : [content as Content]) {
    if (item !== null && item !== undefined) element.append(item)
  }
  return element
}

/** The element of the page with that id. */
export function byId<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id)
  if (!(found instanceof type)) throw new TypeError(`the page has no ${type.name} "${id}"`)
  return found
}

/**
 * Text from a file, made safe to look at: control characters and those that turn the direction of text are shown as their
 * number, and it is cut. The page cannot be made to say something else by a name in a record.
 */
export function shown(text: string, most = 400): string {
  const plain = text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  )
  return plain.length <= most ? plain : `${plain.slice(0, most)}… (${plain.length} characters)`
}
