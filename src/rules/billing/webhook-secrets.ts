/** One to three, any of which may sign: the rotation of a secret needs two. */
const MOST_SECRETS = 3

/** Where the secrets of a provider's web hooks come from; null: there are none, and its web hooks are refused. */
export type WebhookSecretsSource =
  | { readonly secrets: readonly string[] }
  | { readonly file: string }
  | null

/**
 * Comma-separated, or one a line.
 * @returns the secrets, or what is wrong with them in words that show nothing of them
 */
export function parseWebhookSecrets(text: string): { secrets: string[] } | { problem: string } {
  const secrets = text
    .trim()
    .split(/[,\n]/)
    .map((one) => one.trim())
  if (secrets.some((one) => one === '')) return { problem: 'holds a blank secret' }
  if (secrets.some((one) => !/^[\x21-\x7e]+$/.test(one))) {
    return { problem: 'holds a secret with blanks or control characters' }
  }
  if (secrets.length > MOST_SECRETS) return { problem: `holds more than ${MOST_SECRETS} secrets` }
  return { secrets }
}
