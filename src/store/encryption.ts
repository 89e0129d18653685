import { createCipheriv, createDecipheriv } from 'node:crypto'

/** One of ENCRYPTION_KEYS. */
export interface EncryptionKey {
  id: string
  /** 32 bytes. */
  key: Uint8Array
}

/** AES-256-GCM: `keyId` of ENCRYPTION_KEYS, 96-bit IV, tag; the record's id and field are bound to it. */
export interface Encrypted {
  keyId: string
  /** base64 */
  iv: string
  /** base64, with the tag at its end */
  data: string
}

/** What is stored is bound to its record and field: elsewhere it does not open. */
export interface Encryption {
  /** Of the key that encrypts. */
  newestKeyId: string
  /** With the newest key. The text can be read again only as this field of this record. */
  encrypt(text: string, recordId: string, field: string): Encrypted
  /** @throws Error where the key is gone, or anything of it or its place was changed; it shows no secret */
  decrypt(encrypted: Encrypted, recordId: string, field: string): string
}

const algorithm = 'aes-256-gcm'
const sizes = { key: 32, iv: 12, tag: 16 } as const
const tagged = { authTagLength: sizes.tag }

/**
 * @param keys newest first: the first encrypts, all decrypt
 * @param random `crypto.randomBytes`: an IV must never come twice under one key, which 96 random bits hold
 *   for far more records than there will be
 * @throws Error without keys, or where one has another size
 */
export function createEncryption(
  keys: readonly EncryptionKey[],
  random: (size: number) => Uint8Array,
): Encryption {
  const [newest] = keys
  if (!newest) throw new Error('encryption needs a key')
  if (keys.some(({ key }) => key.length !== sizes.key)) {
    throw new Error(`an encryption key must have ${sizes.key} bytes`)
  }
  const keyById = new Map(keys.map(({ id, key }) => [id, key]))

  return {
    newestKeyId: newest.id,
    encrypt(text, recordId, field) {
      const iv = random(sizes.iv)
      const cipher = createCipheriv(algorithm, newest.key, iv, tagged)
      cipher.setAAD(placeOf(recordId, field))
      const parts = [cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]
      return {
        keyId: newest.id,
        iv: Buffer.from(iv).toString('base64'),
        data: Buffer.concat(parts).toString('base64'),
      }
    },
    decrypt({ keyId, iv, data }, recordId, field) {
      const place = `"${field}" of ${recordId}`
      const key = keyById.get(keyId)
      if (!key)
        throw new Error(`${place} is encrypted with key "${keyId}", which is not known here`)
      const bytes = Buffer.from(data, 'base64')
      try {
        const decipher = createDecipheriv(algorithm, key, Buffer.from(iv, 'base64'), tagged)
        decipher.setAAD(placeOf(recordId, field))
        decipher.setAuthTag(bytes.subarray(-sizes.tag))
        const text = [decipher.update(bytes.subarray(0, -sizes.tag)), decipher.final()]
        return Buffer.concat(text).toString('utf8')
      } catch {
        throw new Error(`${place} cannot be decrypted with key "${keyId}"`)
      }
    },
  }
}

/** The additional data, so that no two places give the same: an id could end where a field begins. */
function placeOf(recordId: string, field: string): Buffer {
  return Buffer.from(JSON.stringify([recordId, field]))
}
