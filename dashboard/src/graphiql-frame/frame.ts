import './frame.css'
import { script, style, workers } from 'virtual:graphiql-files'
import { type FrameMessage, frameReady } from './frame-message.ts'

/**
 * GraphiQL in a page of its own, because its editor writes styles as it goes and only this page's policy lets
 * it. It knows no token of its own: the page around it says with which headers to ask, anew when they change.
 */
let headers: Readonly<Record<string, string>> | null = null

const askAsItIs = window.fetch.bind(window)
window.fetch = (input, init) => {
  const all = new Headers(init?.headers)
  for (const [name, value] of Object.entries(headers ?? {})) all.set(name, value)
  return askAsItIs(input, { ...init, headers: all })
}

window.addEventListener('message', ({ origin, source, data }: MessageEvent<FrameMessage>) => {
  if (origin !== location.origin || source !== window.parent) return
  const first = headers === null
  headers = data.headers
  if (first) void show(data.query)
})
window.parent.postMessage(frameReady, location.origin)

declare global {
  interface Window {
    MonacoEnvironment: { getWorkerUrl(module: string, label: string): string }
    YogaGraphiQL: { renderYogaGraphiQL(root: Element | null, options: object): void }
  }
}

async function show(query: string): Promise<void> {
  window.MonacoEnvironment = { getWorkerUrl: (_module, label) => workers[label] ?? '' }
  const sheet = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: style })
  const code = Object.assign(document.createElement('script'), { src: script })
  await Promise.all([loaded(sheet), loaded(code)])
  window.YogaGraphiQL.renderYogaGraphiQL(document.getElementById('root'), {
    endpoint: '/graphql',
    // In a tab of its own where none has it; what somebody wrote before stays in its tabs.
    query,
    // Whatever somebody types as a header may be a key.
    shouldPersistHeaders: false,
  })
}

function loaded(element: HTMLElement): Promise<unknown> {
  return new Promise((resolve, reject) => {
    element.onload = resolve
    element.onerror = reject
    document.head.append(element)
  })
}
