import { z } from 'zod'

/** What a build left in `dashboard/dist`, by its path there; nothing else is ever served. */
export const dashboardManifest = z.object({
  /** Hash of all that it was built from. */
  sources: z.string(),
  files: z.record(
    z.string(),
    z.object({
      type: z.string(),
      /** Of the content. */
      hash: z.string(),
      /** `.br` and `.gz` stand beside it where that makes it smaller. */
      compressed: z.boolean(),
    }),
  ),
})

export type DashboardManifest = z.infer<typeof dashboardManifest>
export type DashboardFile = DashboardManifest['files'][string]

export const manifestName = 'manifest.json'

/** Stands in `index.html` where each answer puts its own. */
export const noncePlaceholder = '__CSP_NONCE__'

const types: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  ico: 'image/x-icon',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json; charset=utf-8',
  png: 'image/png',
  svg: 'image/svg+xml',
  ttf: 'font/ttf',
  txt: 'text/plain; charset=utf-8',
  webmanifest: 'application/manifest+json',
  woff2: 'font/woff2',
}

/** @throws RangeError for a name that we would not know how to serve: the build must say so, not a browser */
export function contentTypeOf(path: string): string {
  const type = types[/\.(\w+)$/.exec(path)?.[1] ?? '']
  if (type === undefined) throw new RangeError(`${path} has no known content type`)
  return type
}
