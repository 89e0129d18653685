import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createWebhookSecrets } from '../../../src/rest/webhooks/webhook-secrets.ts'
import { silent } from '../../asked.ts'

const folder = mkdtempSync(join(tmpdir(), 'getcomplical-secrets-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('who comes after a change sees it, whatever look at the file is under way', async () => {
  const file = join(folder, 'secrets')
  writeFileSync(file, 'whsec_0000000000000000')
  const secrets = createWebhookSecrets({ file }, silent, Date.now)
  for (let round = 1; round <= 300; round += 1) {
    const next = `whsec_${String(round).padStart(16, '0')}`
    const before = secrets.current()
    // Some looks have not begun to read then, some have ended.
    for (let pause = 0; pause < round % 4; pause += 1) await new Promise(setImmediate)
    writeFileSync(`${file}.next`, next)
    renameSync(`${file}.next`, file)
    const after = await Promise.all([secrets.current(), secrets.current()])
    expect(after).toEqual([[next], [next]])
    await before
  }
})
