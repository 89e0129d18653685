import type { RestAnswer } from '../problem.ts'

const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>The dashboard is not built – GetComplical</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem}code{background:#f2f2f2;padding:.1em .3em}</style>
<h1>The dashboard is not built</h1>
<p>If <code>npm start</code> is building it right now, come back in a few seconds. Else build it with
<code>npm run build</code>; the API needs no restart. Everything but the dashboard works.</p>
</html>
`

/** In place of the dashboard: what to do. */
export function missingPage(): RestAnswer {
  return {
    status: 503,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'",
      'Cache-Control': 'no-store',
      'Retry-After': '5',
    },
    body: page,
  }
}
