/** Nothing was handed over; the message is for the owner of the address, without anything secret. */
export class OutgoingError extends Error {
  override readonly name = 'OutgoingError'
}

const words: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the host name is not known',
  ENODATA: 'the host name has no address',
  ETIMEOUT: 'the name servers do not answer',
  ESERVFAIL: 'the name servers failed',
  EAI_AGAIN: 'the name servers do not answer',
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  ETIMEDOUT: 'the connection could not be made in time',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  CERT_HAS_EXPIRED: 'the certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another host',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is signed by nobody known',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate is signed by nobody known',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate is signed by nobody known',
  HPE_HEADER_OVERFLOW: 'the headers of the answer are too long',
}

/** By the error's code alone: its message may name addresses. */
export function failureInWords(error: unknown): string {
  const code = codeOf(error)
  if (code === null) return 'the connection failed'
  return words[code] ?? `the connection failed (${code})`
}

function codeOf(error: unknown): string | null {
  // Several addresses tried: each has its error, and the first says enough.
  if (error instanceof AggregateError) return codeOf(error.errors[0])
  const named = error instanceof Error && 'code' in error && typeof error.code === 'string'
  return named && /^[A-Z][A-Z0-9_]{1,60}$/.test(`${error.code}`) ? `${error.code}` : null
}

const LONGEST_ERROR = 200

/**
 * What another side said, fit for a record that its owner reads: one line, cut, without URLs, without
 * anything of `secrets` (of a URL each longer part of its path too), which some echo.
 */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  const parts = secrets.flatMap((secret) => [
    secret,
    ...secret.split(/[/?&=#:_.]/).filter((part) => part.length >= 8),
  ])
  const longestFirst = [...new Set(parts)].filter(Boolean).toSorted((a, b) => b.length - a.length)
  const hidden = longestFirst.reduce((rest, part) => rest.replaceAll(part, '[…]'), text)
  const line = hidden
    .replace(/\b[a-z][a-z\d+.-]*:\/\/[^\s"'<>]+/gi, '[…]')
    .replace(/\b(gc_(live|admin)|whsec)_[\w+/=-]+/g, '[…]')
    .replace(/[\p{C}\p{Z}]+/gu, ' ')
    .trim()
  const characters = [...line]
  return characters.length > LONGEST_ERROR
    ? `${characters.slice(0, LONGEST_ERROR - 1).join('')}…`
    : line
}
