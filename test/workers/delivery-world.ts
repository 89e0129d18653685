import { randomBytes } from 'node:crypto'
import { Registry } from 'prom-client'
import { expect, vi } from 'vitest'
import { createLog } from '../../src/log.ts'
import { createCustomerHttp } from '../../src/outgoing/customer-http.ts'
import { createMailer } from '../../src/outgoing/mailer.ts'
import type { ChannelKind } from '../../src/rules/channel-input.ts'
import { type AlertDoc, alerts } from '../../src/store/alerts.ts'
import { apiKeys } from '../../src/store/api-keys.ts'
import { type ChannelDoc, channels } from '../../src/store/channels.ts'
import { createDeliveryIndexes, type DeliveryDoc, deliveries } from '../../src/store/deliveries.ts'
import { createEncryption } from '../../src/store/encryption.ts'
import {
  createDeliverAlerts,
  type DeliverAlerts,
  type DeliverAlertsOptions,
} from '../../src/workers/deliver-alerts/deliver-alerts.ts'
import { type TestDatabase, testDatabase } from '../servers.ts'
import { sampleAlert } from './sample-alert.ts'

/** A delivery that was tried so often. */
export const tried = (times: number) => ({
  attempts: Array.from({ length: times }, () => expect.anything()),
})

/** For the webhook channels of these tests. */
export const signingSecret = `whsec_${Buffer.alloc(32, 9).toString('base64')}`
export const encryptionKey = Buffer.alloc(32, 5)
const encryption = createEncryption([{ id: 'k1', key: encryptionKey }], randomBytes)

export interface PlantedChannel {
  kind: ChannelKind
  target: string
  id?: string
  accountId?: string
  name?: string
  enabled?: boolean
}

export interface DeliveryWorld extends TestDatabase {
  plantKey(key?: { id?: string; prefix?: string; name?: string }): Promise<void>
  plantChannel(channel: PlantedChannel): Promise<ChannelDoc>
  /** The alert, if it is not there yet, and a delivery of it to each of these channels, due at `at`. */
  plantDelivery(
    channel: ChannelDoc,
    options?: { alert?: Partial<AlertDoc>; at?: number; test?: boolean },
  ): Promise<DeliveryDoc>
  deliveryOf(id: string): Promise<DeliveryDoc>
  /** Waits until the delivery matches. */
  reaches(id: string, expected: object): Promise<void>
  /** Not started; the real mailer and the real way out. */
  worker(options?: WorkerOptions): DeliverAlerts
  /** Started, with a clock that stands at `at` until it is moved. */
  workerAt(at: number, options?: WorkerOptions): { now: number }
  /** Stops the workers first. */
  drop(): Promise<void>
}

export interface WorkerOptions extends Partial<DeliverAlertsOptions> {
  allow?: string[]
  smtpUrl?: string | null
  dataDir?: string
  httpTimeoutMs?: number
}

export async function deliveryWorld(): Promise<DeliveryWorld> {
  const database = await testDatabase()
  const { db } = database
  await createDeliveryIndexes(db)
  const workers: DeliverAlerts[] = []
  async function deliveryOf(id: string): Promise<DeliveryDoc> {
    const found = await deliveries(db).findOne({ _id: id })
    if (!found) throw new Error(`no delivery ${id}`)
    return found
  }

  function worker(given: WorkerOptions = {}): DeliverAlerts {
    const { allow = [], smtpUrl = null, dataDir = '', httpTimeoutMs = 10_000, ...options } = given
    const from = { name: 'GetComplical', address: 'alerts@getcomplical.example' }
    const made = createDeliverAlerts({
      db,
      clock: Date.now,
      random: () => 0,
      log: createLog('silent', 'worker'),
      registry: new Registry(),
      encryption,
      post: createCustomerHttp({ allow: new Set(allow), timeoutMs: httpTimeoutMs }),
      sendMail: createMailer({ smtpUrl, from, dataDir }),
      publicUrl: 'https://api.example.com',
      pollMs: 20,
      ...options,
    })
    workers.push(made)
    return made
  }

  return {
    ...database,
    deliveryOf,
    worker,

    async plantKey({ id = 'key_a', prefix = 'gc_live_abcd', name = 'Production' } = {}) {
      const key = { accountId: 'acc_a', name, prefix, lastFour: 'wxyz', secrets: [] }
      await apiKeys(db).insertOne({
        _id: id,
        ...key,
        ...{ tier: 'free', blockedBecause: null, revokedAt: null, alertsEnabled: true },
        createdAt: new Date(),
      })
    },

    async plantChannel({ kind, target, accountId = 'acc_a', name = 'Mine', enabled = true, id }) {
      const _id = id ?? `ch_${randomBytes(6).toString('hex')}`
      const secret = kind === 'WEBHOOK' ? encryption.encrypt(signingSecret, _id, 'secret') : null
      const channel: ChannelDoc = {
        ...{ _id, accountId, kind, name, shown: '…', secret, enabled },
        target: encryption.encrypt(target, _id, 'target'),
        ...{ levels: null, apiKeyIds: null, disabledBecause: null, createdAt: new Date() },
      }
      await channels(db).insertOne(channel)
      return channel
    },

    async plantDelivery(channel, { alert = {}, at = Date.now(), test = false } = {}) {
      const planted = { ...sampleAlert(at), ...alert }
      if (!test) {
        await alerts(db).replaceOne({ _id: planted._id }, planted, { upsert: true })
      }
      const delivery: DeliveryDoc = {
        _id: `${test ? `test_${randomBytes(6).toString('hex')}` : planted._id}:${channel._id}`,
        ...{ accountId: channel.accountId, channelId: channel._id },
        event: test ? { kind: 'test' } : { kind: 'alert', alertId: planted._id },
        ...{ status: 'PENDING', attempts: [], deliveredAt: null },
        ...{ dueAt: new Date(at), createdAt: new Date(at), expiresAt: new Date(at + 1e9) },
      }
      await deliveries(db).insertOne(delivery)
      return delivery
    },

    async reaches(id, expected) {
      await vi.waitFor(async () => expect(await deliveryOf(id)).toMatchObject(expected), 10_000)
    },

    workerAt(at, options) {
      const clock = { now: at }
      worker({ clock: () => clock.now, ...options }).start()
      return clock
    },

    async drop() {
      await Promise.all(workers.map((worker) => worker.stop()))
      await database.drop()
    },
  }
}
