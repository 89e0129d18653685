import type { Session } from '../../session/session.ts'

/**
 * Reads a PDF as whoever is signed in and hands it to the browser as a download. The token travels in a header: in an
 * address it would stand in histories and logs.
 * @param path on this server
 * @throws Error where it is not answered
 */
export async function downloadPdf(session: Session, path: string, name: string): Promise<void> {
  const token = await session.accessToken()
  const response = await fetch(path, { headers: { Authorization: `Bearer ${token}` } })
  if (!response.ok) throw new Error(`The server answers ${response.status}.`)
  const address = URL.createObjectURL(await response.blob())
  const link = Object.assign(document.createElement('a'), { href: address, download: name })
  link.click()
  // The browser has taken it by then.
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}
