import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { Logger } from '../log.ts'

export interface TlsPair {
  cert: Buffer
  key: Buffer
}

export interface TlsFiles {
  current(): TlsPair
  onChange(listener: (pair: TlsPair) => void): void
  stop(): void
}

/**
 * Reads certificate and key, and again when either changes: renewal needs no restart. Polls, because
 * renewal tools replace links, which a watch by inode does not see. A pair that does not fit (the one
 * file written, the other not yet) changes nothing until the next change.
 * @throws when the files cannot be read or do not fit at the start
 */
export function watchTlsFiles(
  { certFile, keyFile }: { certFile: string; keyFile: string },
  log: Logger,
  everyMs = 2_000,
): TlsFiles {
  const read = (): TlsPair => {
    const pair = { cert: readFileSync(certFile), key: readFileSync(keyFile) }
    createSecureContext(pair)
    return pair
  }
  let pair = read()
  const listeners: ((pair: TlsPair) => void)[] = []
  const reload = () => {
    try {
      pair = read()
    } catch (error) {
      log.warn({ err: error }, 'the TLS files do not fit (yet); the former ones stay in use')
      return
    }
    for (const listener of listeners) listener(pair)
    log.info('the TLS files were read again')
  }
  for (const file of [certFile, keyFile]) {
    watchFile(file, { interval: everyMs, persistent: false }, reload)
  }
  return {
    current: () => pair,
    onChange: (listener) => listeners.push(listener),
    stop() {
      for (const file of [certFile, keyFile]) unwatchFile(file, reload)
    },
  }
}
