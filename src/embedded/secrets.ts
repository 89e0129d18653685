import { type KeptSecrets, keptSecrets } from './kept-files.ts'

/**
 * The secrets of this DATA_DIR, made at first start. They are settings like any other: what is set in
 * the environment wins.
 */
export function ensureSecrets(dataDir: string, random: (size: number) => Buffer): KeptSecrets {
  const kept = keptSecrets.read(dataDir)
  if (kept) return kept
  const made = {
    adminApiKey: `gc_admin_${random(24).toString('base64url')}`,
    apiKeyPepper: random(32).toString('base64'),
    encryptionKeys: `k1:${random(32).toString('base64')}`,
  }
  keptSecrets.write(dataDir, made)
  return made
}
