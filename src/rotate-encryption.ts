import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { loadEnvironment, readWorkerConfig } from './config.ts'
import { connectDatabase } from './store/database.ts'
import { type EncryptedPlace, encryptedPlaces } from './store/encrypted-places.ts'
import { createEncryption } from './store/encryption.ts'
import { countEncrypted, type ReencryptOptions, reencryptPlace } from './store/reencrypt.ts'

const usage = `Usage: npm run rotate-encryption [-- <options>]

Encrypts everything that is stored under older keys of ENCRYPTION_KEYS anew, with the first of them. Everything
else may go on meanwhile. Broken off, it goes on at the next call; several at once do no harm. README says how
to rotate: every process must know the new key before it comes first.
  --dry-run   counts what there is, place by place, and changes nothing
  -h, --help  this

Exits with 0 once nothing is left under older keys: only then may they be taken out of ENCRYPTION_KEYS.`

/** What others wrote meanwhile is found by the next pass; each makes progress, or there is none to be made. */
const MOST_PASSES = 10
const SAY_EVERY_MS = 2_000
const UNREADABLE_SHOWN = 5

/** @returns whether nothing is left under older keys */
async function rotate(options: ReencryptOptions, dryRun: boolean): Promise<boolean> {
  const { newestKeyId } = options.encryption
  console.log(`The newest key is "${newestKeyId}"; every running process must know it already.`)
  let left = await countAll(options)
  for (let pass = 1; left > 0 && !dryRun && pass <= MOST_PASSES; pass += 1) {
    let done = 0
    for (const place of encryptedPlaces) {
      done += await reencrypt(options, place)
      if (options.stopping?.()) {
        console.log('Broken off; what is done stays done. Call it again to go on.')
        return false
      }
    }
    left = await countAll(options)
    if (done === 0) break
  }
  if (dryRun) console.log('Nothing was changed.')
  else if (left === 0) console.log('Nothing is left under older keys: they may be taken out.')
  else console.error(`${left} values are left under older keys: keep those in ENCRYPTION_KEYS.`)
  return dryRun || left === 0
}

async function countAll(options: ReencryptOptions): Promise<number> {
  let left = 0
  for (const place of encryptedPlaces) {
    const { all, old } = await countEncrypted(options, place)
    console.log(`${nameOf(place)}: ${all} values, ${old} under older keys`)
    left += old
  }
  return left
}

/** @returns how many values are under the newest key now */
async function reencrypt(options: ReencryptOptions, place: EncryptedPlace): Promise<number> {
  const unreadable: string[] = []
  let done = 0
  let said = performance.now()
  await reencryptPlace(
    {
      ...options,
      onBatch(batch) {
        done += batch.done
        unreadable.push(...batch.unreadable)
        if (performance.now() - said < SAY_EVERY_MS) return
        said = performance.now()
        console.log(`${nameOf(place)}: ${done} encrypted anew so far`)
      },
    },
    place,
  )
  if (done > 0) console.log(`${nameOf(place)}: ${done} encrypted anew`)
  if (unreadable.length > 0) {
    const some = unreadable.slice(0, UNREADABLE_SHOWN).join(', ')
    const more = unreadable.length > UNREADABLE_SHOWN ? ', …' : ''
    console.error(
      `${nameOf(place)}: ${unreadable.length} cannot be read with these keys: ${some}${more}`,
    )
  }
  return done
}

const nameOf = ({ collection, path }: EncryptedPlace) => `${collection}.${path}`

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      'dry-run': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    console.log(usage)
    return
  }
  const config = readWorkerConfig(loadEnvironment(), ['ENCRYPTION_KEYS'])
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort())
  const database = await connectDatabase({ uri: config.mongodbUri, closing: stopping.signal })
  try {
    const encryption = createEncryption(config.encryptionKeys, randomBytes)
    const stop = () => stopping.signal.aborted
    const done = await rotate({ db: database.db, encryption, stopping: stop }, values['dry-run'])
    process.exitCode = done ? 0 : 1
  } finally {
    await database.close()
  }
}

if (import.meta.main) {
  main().catch((error) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  })
}
