import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Mails that were written to files for lack of a server, as they would have travelled. */
export function mailsIn(dataDir: string): string[] {
  const folder = join(dataDir, 'mail')
  return readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))
}

/** Empty where there is none of that name. */
export function attachmentOf(mail: string, filename: string): Uint8Array {
  const part = mail.split(/\r?\n--/).find((one) => one.includes(`filename=${filename}`)) ?? ''
  return Buffer.from(part.split(/\r?\n\r?\n/)[1] ?? '', 'base64')
}
