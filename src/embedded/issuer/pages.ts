import { hash } from 'node:crypto'
import { Eta } from 'eta/core'

/** A page of the issuer and the policy that it needs: whatever else it might hold does not run. */
export interface Page {
  status: number
  headers: Readonly<Record<string, string>>
  body: string
}

const engine = new Eta({ autoEscape: true, autoTrim: false })

const style = `:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:12vh auto;padding:0 1rem}
button{font:inherit;font-weight:600;width:100%;padding:.7rem;border:0;border-radius:.5rem;background:#1864ab;color:#fff;cursor:pointer}
button:hover{background:#0b4a85}
:focus-visible{outline:3px solid #74c0fc;outline-offset:2px}`
/** Only where the request came from our own pages: see `signOutPage`. */
const submit = `document.forms[0].requestSubmit(document.querySelector('button'))`

const frame = (title: string, main: string) =>
  engine.compile(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title} – GetComplical</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${main}
</main>
</body>
</html>
`)

const continueTemplate = frame(
  'Sign in to the demo',
  `<p>This is GetComplical on your own machine, with a demo account and a key that works. No password is needed;
nobody from another machine gets here.</p>
<form method="post" action="<%= it.action %>"><button autofocus>Continue as demo</button></form>`,
)

const signOutTemplate = frame(
  'Sign out of the demo',
  `<%~ it.form %>
<button form="op.logoutForm" name="logout" value="yes" autofocus>Sign out</button>
<% if (it.atOnce) { %><script>${submit}</script><% } %>`,
)

const failedTemplate = frame(
  'Signing in did not work',
  `<p><%= it.reason %></p>
<p><a href="/dashboard/">Back to the dashboard</a></p>`,
)

/** @param formTargets origins to which the form leads in the end: a browser holds redirects against it too */
export function continuePage(action: string, formTargets: readonly string[]): Page {
  return page(200, engine.render(continueTemplate, { action }), formTargets)
}

/**
 * @param form oidc-provider's own, with its secret
 * @param atOnce without asking: for who pressed "Sign out" on a page of this origin, and nobody else
 */
export function signOutPage(form: string, formTargets: readonly string[], atOnce: boolean): Page {
  return page(200, engine.render(signOutTemplate, { form, atOnce }), formTargets)
}

/** @param reason in plain words; escaped */
export function failedPage(reason: string, status: number): Page {
  return page(status, engine.render(failedTemplate, { reason }), [])
}

function page(status: number, body: string, formTargets: readonly string[]): Page {
  return {
    status,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': issuerPolicy(formTargets),
      'Cache-Control': 'no-store',
    },
    body,
  }
}

/** Also of the pages that oidc-provider writes itself: it adds the hash of its script where there is a policy. */
export function issuerPolicy(formTargets: readonly string[]): string {
  return [
    "default-src 'none'",
    `style-src '${pinned(style)}'`,
    `script-src '${pinned(submit)}'`,
    // A policy cannot name an IPv6 address: who listens on one is there by 'self'.
    `form-action ${["'self'", ...formTargets.filter((one) => !one.includes('['))].join(' ')}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

function pinned(text: string): string {
  return `sha256-${hash('sha256', text, 'base64')}`
}
