/**
 * What a page of the dashboard may load (Content Security Policy, level 3).
 * @param issuerOrigins where signing in asks: discovery, tokens, the issuer's own pages
 */
export function contentPolicy(nonce: string, issuerOrigins: readonly string[]): string {
  // A policy cannot name an IPv6 address; an issuer on one is our own, and 'self'.
  const issuers = issuerOrigins.filter((origin) => !origin.includes('[')).join(' ')
  return [
    "default-src 'none'",
    "script-src 'self'",
    // Mantine writes its variables into a style element of this page; there is no other inline style.
    `style-src 'self' 'nonce-${nonce}'`,
    `connect-src 'self' ${issuers}`.trimEnd(),
    "img-src 'self' data:",
    "font-src 'self'",
    "frame-src 'self'",
    "base-uri 'none'",
    `form-action 'self' ${issuers}`.trimEnd(),
    "frame-ancestors 'none'",
  ].join('; ')
}

/**
 * Of a page that the app shows in a frame, as GraphiQL, whose editor writes styles as it goes: so only that
 * page's policy is looser. None but our own pages may hold it.
 */
export function framePolicy(): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
  ].join('; ')
}
