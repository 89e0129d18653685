import { randomBytes } from 'node:crypto'
import { Registry } from 'prom-client'
import { createLog } from '../../src/log.ts'
import { createCustomerHttp } from '../../src/outgoing/customer-http.ts'
import { createMailer } from '../../src/outgoing/mailer.ts'
import { connectDatabase } from '../../src/store/database.ts'
import { createEncryption } from '../../src/store/encryption.ts'
import { createDeliverAlerts } from '../../src/workers/deliver-alerts/deliver-alerts.ts'

/**
 * A worker process reduced to deliver-alerts, with a short lease, to be killed.
 *
 * node deliver-alerts-child.ts '{"mongodbUri", "allow", "leaseMs", "key", "dataDir"}'
 */
const options = JSON.parse(process.argv[2] ?? '{}') as {
  mongodbUri: string
  /** `host:port` */
  allow: string
  leaseMs: number
  /** base64 */
  key: string
  dataDir: string
}

const { db } = await connectDatabase({ uri: options.mongodbUri })
const key = Buffer.from(options.key, 'base64')
createDeliverAlerts({
  db,
  clock: Date.now,
  random: Math.random,
  log: createLog('error', 'worker'),
  registry: new Registry(),
  encryption: createEncryption([{ id: 'k1', key }], randomBytes),
  post: createCustomerHttp({ allow: new Set([options.allow]) }),
  sendMail: createMailer({
    smtpUrl: null,
    from: { name: '', address: 'alerts@getcomplical.example' },
    dataDir: options.dataDir,
  }),
  publicUrl: 'https://api.example.com',
  leaseMs: options.leaseMs,
}).start()
