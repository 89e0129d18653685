import { hash } from 'node:crypto'

/** A strong validator: the same exactly where the body is. */
export function entityTag(body: string | Uint8Array): string {
  return `"${hash('sha256', body, 'base64url')}"`
}

/** Whether `If-None-Match` names this body, so that 304 will do (RFC 9110, 13.1.2: any of a list, or `*`). */
export function isKnownTag(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false
  if (ifNoneMatch.trim() === '*') return true
  // Compared weakly: a proxy that compresses marks the tag with W/.
  return ifNoneMatch.match(/"[^"]*"/g)?.includes(tag) ?? false
}
