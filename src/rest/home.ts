import type { Route } from './router.ts'

const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>GetComplical</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem}code{background:#f2f2f2;padding:.1em .3em}</style>
<h1>GetComplical</h1>
<p>This server answers <em>when is this tax due?</em> by country, region and obligation, and counts every answer once.</p>
<ul>
<li>Dashboard: <a href="/dashboard/">live usage, keys, alerts and bills</a></li>
<li>GraphQL: <code>POST /graphql</code> with your key in <code>X-Api-Key</code>; subscriptions over SSE or WebSocket on the same path.</li>
<li>REST: <code>GET /api/v1/tax-dates?country=AU&amp;year=2025</code>, described by <a href="/api/v1/openapi.json">OpenAPI</a></li>
<li>Health: <a href="/livez">/livez</a>, <a href="/readyz">/readyz</a></li>
</ul>
</html>
`

/** A page that says what this is. */
export const homeRoute: Route = {
  method: 'GET',
  path: '/',
  handle: () => ({
    status: 200,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'",
    },
    body: page,
  }),
}
