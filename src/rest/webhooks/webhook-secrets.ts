import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import type { Logger } from '../../log.ts'
import {
  parseWebhookSecrets,
  type WebhookSecretsSource,
} from '../../rules/billing/webhook-secrets.ts'

export interface WebhookSecrets {
  /** Any of these may sign now; empty: nobody. */
  current(): readonly string[]
  stop(): void
}

/**
 * Secrets of one provider. A file is read again when it changes, so that a rotation needs no restart; polled,
 * because tools that write secrets replace links, which a watch by inode does not see. A file that is gone or
 * holds nothing that fits changes nothing until the next change.
 */
export function createWebhookSecrets(
  source: WebhookSecretsSource,
  log: Logger,
  everyMs = 1_000,
): WebhookSecrets {
  if (source === null) return { current: () => [], stop() {} }
  if ('secrets' in source) return { current: () => source.secrets, stop() {} }
  const { file } = source
  let secrets = readSecrets(file)
  const reload = () => {
    try {
      secrets = readSecrets(file)
      log.info({ file, secrets: secrets.length }, 'the secrets of web hooks were read again')
    } catch (error) {
      log.warn({ err: error, file }, 'the secrets of web hooks do not fit; the former stay in use')
    }
  }
  watchFile(file, { interval: everyMs, persistent: false }, reload)
  return { current: () => secrets, stop: () => unwatchFile(file, reload) }
}

function readSecrets(file: string): readonly string[] {
  const parsed = parseWebhookSecrets(readFileSync(file, 'utf8'))
  if ('problem' in parsed) throw new Error(`the file ${parsed.problem}`)
  return parsed.secrets
}
