import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { untilReady } from './running-process.ts'
import { following, type Supervisor } from './supervisor.ts'

/**
 * Waits until `/readyz` says 200. The API may be started again meanwhile.
 * @throws Error with the API's last output and the last answer when `limitMs` pass
 */
export async function apiReady(api: Supervisor, url: string, limitMs: number): Promise<void> {
  await untilReady('the API', following(api), limitMs, async () => {
    const { status, body } = await get(`${url}/readyz`)
    if (status !== 200) throw new Error(`/readyz says ${status}: ${body}`)
    return true
  })
}

function get(url: string): Promise<{ status: number; body: string }> {
  return new Promise((done, fail) => {
    // Our own server on this machine, whose certificate names the public host.
    const call = url.startsWith('https:')
      ? httpsRequest(url, { rejectUnauthorized: false, timeout: 2_000 })
      : httpRequest(url, { timeout: 2_000 })
    call.on('timeout', () => call.destroy(new Error('no answer')))
    call.on('error', fail)
    call.on('response', async (response) => {
      let body = ''
      for await (const chunk of response) body += String(chunk)
      done({ status: response.statusCode ?? 0, body })
    })
    call.end()
  })
}
