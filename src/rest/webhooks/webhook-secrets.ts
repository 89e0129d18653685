import { readFileSync, type Stats } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import type { Logger } from '../../log.ts'
import {
  parseWebhookSecrets,
  type WebhookSecretsSource,
} from '../../rules/billing/webhook-secrets.ts'

export interface WebhookSecrets {
  /** Any of these may sign now; empty: nobody. Never rejects. */
  current(): Promise<readonly string[]>
}

/** A file may change twice within one tick of its clock: so long after a change it is read each time. */
const FRESH_MS = 2_000

/**
 * Secrets of one provider. A file is looked at by each web hook and read again where it changed, so that a
 * rotation needs no restart and holds from the next web hook on: an event that is signed with the new secret
 * may follow at once. What is gone, or holds nothing that fits (half written yet), leaves the former in use.
 * @throws Error where the file cannot be read or does not fit at the start; it shows no secret
 */
export function createWebhookSecrets(
  source: WebhookSecretsSource,
  log: Logger,
  clock: () => number,
): WebhookSecrets {
  if (source === null) return { current: async () => [] }
  if ('secrets' in source) return { current: async () => source.secrets }
  const { file } = source
  let secrets = secretsIn(readFileSync(file, 'utf8'))
  let seen = ''
  let problem = ''
  let looking: Promise<void> | null = null
  let lookingAgain: Promise<void> | null = null

  async function look(): Promise<void> {
    const found = await stat(file)
    const identity = identityOf(found)
    if (identity === seen) return
    const next = secretsIn(await readFile(file, 'utf8'))
    const isSettled = clock() - found.mtimeMs > FRESH_MS
    seen = isSettled ? identity : ''
    problem = ''
    if (next.join() === secrets.join()) return
    secrets = next
    log.info({ file, secrets: next.length }, 'the secrets of web hooks were read again')
  }

  function tell(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error)
    // Once, and not with every web hook.
    if (reason !== problem) {
      log.warn({ err: error, file }, 'the secrets of web hooks do not fit; the former stay in use')
    }
    problem = reason
  }

  function lookNow(): Promise<void> {
    looking ??= look()
      .catch(tell)
      .finally(() => {
        looking = null
      })
    return looking
  }

  return {
    async current() {
      if (looking === null) await lookNow()
      else {
        // A look under way may have read the file before a change that this web hook came after.
        lookingAgain ??= looking.then(() => {
          lookingAgain = null
          return lookNow()
        })
        await lookingAgain
      }
      return secrets
    },
  }
}

/** Tools that write secrets replace links, so that the time alone would not tell. */
function identityOf({ dev, ino, size, mtimeMs, ctimeMs }: Stats): string {
  return [dev, ino, size, mtimeMs, ctimeMs].join()
}

function secretsIn(text: string): readonly string[] {
  const parsed = parseWebhookSecrets(text)
  if ('problem' in parsed) throw new Error(`the file ${parsed.problem}`)
  return parsed.secrets
}
