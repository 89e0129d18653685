import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { parseWebhookSecrets } from './rules/billing/webhook-secrets.ts'

const webhookSecrets = z.string().transform((text, context) => {
  const parsed = parseWebhookSecrets(text)
  if ('secrets' in parsed) return parsed.secrets
  context.addIssue(parsed.problem)
  return z.NEVER
})

/** An API key of a provider: travels in a header. */
const providerKey = z.string().regex(/^[\x21-\x7e]+$/, 'holds blanks or control characters')

/** A line of an invoice. */
const line = z.string().regex(/^[^\p{Cc}\p{Zl}\p{Zp}]{1,200}$/u, 'is too long or unprintable')

/** Lines of an address: `\n` stands for the end of one, because `.env` has no other way to say it. */
const address = z
  .string()
  .transform((text) => text.split(/\\n|\n/).map((one) => one.trim()))
  .pipe(z.array(line).max(8, 'has more than 8 lines'))

const percent = z
  .string()
  .regex(/^\d{1,2}(\.\d{1,4})?$/, 'is not a percentage such as 10 or 8.875')
  .default('0')

/** What billing adds to the settings; interfaces.md says what each one means. */
export const billingSettings = {
  BILLING_MODE: z.enum(['test', 'live']).default('test'),
  STRIPE_WEBHOOK_SECRETS: webhookSecrets.optional(),
  STRIPE_WEBHOOK_SECRETS_FILE: z.string().optional(),
  STRIPE_SECRET_KEY: providerKey.optional(),
  PADDLE_WEBHOOK_SECRETS: webhookSecrets.optional(),
  PADDLE_WEBHOOK_SECRETS_FILE: z.string().optional(),
  PADDLE_API_KEY: providerKey.optional(),
  SELLER_NAME: line.default('GetComplical'),
  SELLER_ADDRESS: address.default([]),
  SELLER_TAX_ID: line.optional(),
  SELLER_TAX_NAME: line.default('Tax'),
  SELLER_TAX_RATE: percent,
}

/** Settings of billing that are right one by one and wrong together, or that name a file. Shows no secret. */
export function whyBillingNotTogether(
  environment: Readonly<Record<string, string | undefined>>,
): string[] {
  const given = (name: string) => environment[name]?.trim() || undefined
  const providers = [
    { name: 'STRIPE', key: 'STRIPE_SECRET_KEY', test: /^[rs]k_test_/, live: /^[rs]k_live_/ },
    { name: 'PADDLE', key: 'PADDLE_API_KEY', test: /^pdl_sdbx_/, live: /^pdl_live_/ },
  ]
  return providers.flatMap(({ name, key, test, live }) => {
    const problems: string[] = []
    const [secrets, file] = [`${name}_WEBHOOK_SECRETS`, `${name}_WEBHOOK_SECRETS_FILE`]
    // Elsewhere an empty value is a missing one; here it could be a secret that everybody knows.
    if (environment[secrets] !== undefined && !given(secrets)) problems.push(`${secrets}: is blank`)
    if (given(secrets) && given(file)) problems.push(`${file}: set beside ${secrets}; one will do`)
    const path = given(file)
    if (path) problems.push(...whyNoSecretsIn(path).map((problem) => `${file}: ${problem}`))
    const value = given(key)
    if (!value && given(`${name}_API_BASE`))
      problems.push(`${key}: missing beside ${name}_API_BASE`)
    const wrong = given('BILLING_MODE') === 'live' ? test : live
    if (value && wrong.test(value)) problems.push(`${key}: is of the other BILLING_MODE`)
    return problems
  })
}

function whyNoSecretsIn(path: string): string[] {
  try {
    const parsed = parseWebhookSecrets(readFileSync(path, 'utf8'))
    return 'problem' in parsed ? [`${path} ${parsed.problem}`] : []
  } catch {
    return [`${path} cannot be read`]
  }
}
