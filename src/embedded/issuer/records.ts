import { hash } from 'node:crypto'
import type { Db } from 'mongodb'
import { type Adapter, type AdapterPayload, errors } from 'oidc-provider'
import type { Logger } from '../../log.ts'
import type { Encryption } from '../../store/encryption.ts'
import { type IssuerRecord, issuerRecords } from '../../store/issuer-records.ts'

export interface RecordTools {
  db: Db
  encryption: Pick<Encryption, 'encrypt' | 'decrypt'>
  /** ms since the epoch */
  clock: () => number
  log: Logger
}

/** What is stored without an end, as a grant whose tokens are gone, lives so long. */
const LIVES_AT_MOST_MS = 30 * 86_400_000

function recordId(model: string, id: string): string {
  return `${model}:${hash('sha256', id, 'base64url')}`
}

/**
 * What oidc-provider stores, in MongoDB: whoever is signed in stays so when the API is started again.
 * Ids are hashed and contents encrypted, because a refresh token's id is the token.
 */
export function createRecords(tools: RecordTools): (model: string) => Adapter {
  const { db, encryption, clock } = tools
  const collection = issuerRecords(db)

  function read(record: IssuerRecord | null): AdapterPayload | undefined {
    // MongoDB removes what has ended once a minute.
    if (!record || record.expiresAt.getTime() <= clock()) return undefined
    const { _id, consumed } = record
    const content = opened(() => encryption.decrypt(record.content, _id, 'content'))
    if (content === null) return undefined
    return { ...(JSON.parse(content) as AdapterPayload), ...(consumed && { consumed }) }
  }

  /** Of a key that is gone nothing is left: whoever it was about signs in anew. */
  function opened(decrypt: () => string): string | null {
    try {
      return decrypt()
    } catch (error) {
      tools.log.warn({ err: error }, 'what the issuer remembers cannot be read')
      return null
    }
  }

  /** With the grant itself: what the first user is being given right now is refused for want of it. */
  async function endGrant(grantId: string): Promise<void> {
    await collection.deleteMany({ $or: [{ grantId }, { _id: recordId('Grant', grantId) }] })
  }

  return (model) => {
    const idOf = (id: string) => recordId(model, id)
    return {
      async upsert(id, payload, expiresIn) {
        const _id = idOf(id)
        const lives = expiresIn ? expiresIn * 1_000 : LIVES_AT_MOST_MS
        const { uid, grantId } = payload
        const record = {
          ...(uid && { uid }),
          ...(grantId && { grantId }),
          content: encryption.encrypt(JSON.stringify(payload), _id, 'content'),
          expiresAt: new Date(clock() + lives),
        }
        await collection.replaceOne({ _id }, record, { upsert: true })
      },
      find: async (id) => read(await collection.findOne({ _id: idOf(id) })),
      findByUid: async (uid) => {
        return read(await collection.findOne({ uid, _id: { $regex: `^${model}:` } }))
      },
      // Of the device flow, which is off.
      findByUserCode: async () => undefined,
      async consume(id) {
        const first = { _id: idOf(id), consumed: { $exists: false } }
        const consumed = Math.floor(clock() / 1_000)
        const before = await collection.findOneAndUpdate(first, { $set: { consumed } })
        if (before) return
        // oidc-provider looked before somebody else used it: of two at once one is a thief, as of two in turn.
        const used = await collection.findOne({ _id: idOf(id) })
        if (used?.grantId) await endGrant(used.grantId)
        throw new errors.InvalidGrant(`${model} already used`)
      },
      async destroy(id) {
        await collection.deleteOne({ _id: idOf(id) })
      },
      async revokeByGrantId(grantId) {
        await collection.deleteMany({ grantId, _id: { $regex: `^${model}:` } })
      },
    }
  }
}
