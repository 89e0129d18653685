import { entityTag, isKnownTag } from '../entity-tag.ts'
import type { Route } from '../router.ts'
import { type OpenApiOptions, openApiDocument } from './document.ts'

/** `GET /api/v1/openapi.json`: open to all, costs nothing, and is the same until the next release. */
export function openApiRoute(options: OpenApiOptions): Route {
  const body = JSON.stringify(openApiDocument(options))
  const tag = entityTag(body)
  const headers = { ETag: tag, 'Cache-Control': 'public, max-age=300' }
  return {
    method: 'GET',
    path: '/api/v1/openapi.json',
    handle: (request) =>
      isKnownTag(request.header('if-none-match'), tag)
        ? { status: 304, headers }
        : { status: 200, headers: { ...headers, 'Content-Type': 'application/json' }, body },
  }
}
