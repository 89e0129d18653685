import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { readConfig, readStartConfig, readWorkerConfig } from '../src/config.ts'
import { keptServers } from '../src/embedded/kept-files.ts'
import { ensureSecrets } from '../src/embedded/secrets.ts'
import { settings } from '../src/settings.ts'

const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'getcomplical-config-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const key = Buffer.alloc(32, 7).toString('base64')
const complete = {
  DATA_DIR: join(folder, 'empty'),
  REDIS_URL: 'redis://127.0.0.1:6379',
  MONGODB_URI: 'mongodb://127.0.0.1:27017/getcomplical?replicaSet=rs0',
  ADMIN_API_KEY: 'a'.repeat(32),
  API_KEY_PEPPER: key,
  ENCRYPTION_KEYS: `new:${key},old:${key}`,
}

function problemsOf(environment: Record<string, string>): string[] {
  try {
    readConfig({ ...complete, ...environment })
    return []
  } catch (error) {
    return error instanceof Error ? error.message.split('\n').slice(1) : []
  }
}

describe('the settings of one API process', () => {
  it('have the documented defaults', () => {
    expect(readConfig(complete)).toMatchObject({
      port: 4000,
      host: '127.0.0.1',
      publicUrl: 'http://127.0.0.1:4000',
      tls: null,
      trustProxy: [],
      allowedOrigins: [],
      metricsPort: 0,
      logLevel: 'info',
      production: false,
      embedded: false,
      oidc: null,
      outboundAllow: new Set(),
      mail: { smtpUrl: null },
    })
  })

  it('treat an empty value like a missing one', () => {
    expect(readConfig({ ...complete, PORT: '', HOST: ' ', OIDC_ISSUER: '' }).port).toBe(4000)
  })

  it('are refused together, each with its name, when several are wrong', () => {
    const problems = problemsOf({
      PORT: '65536',
      TRUST_PROXY: '10.0.0.0/33',
      ALLOWED_ORIGINS: 'https://a.example/path',
      LOG_LEVEL: 'loud',
      ADMIN_API_KEY: 'short',
      API_KEY_PEPPER: 'c2hvcnQ=',
      PLANS_FILE: join(folder, 'none.json'),
      OIDC_ISSUER: 'http://issuer.example',
      TLS_CERT_FILE: join(folder, 'none.pem'),
    })
    const names = problems.map((line) => line.trim().split(':')[0])
    expect(new Set(names)).toEqual(
      new Set([
        ...['PORT', 'TRUST_PROXY', 'ALLOWED_ORIGINS', 'LOG_LEVEL', 'ADMIN_API_KEY'],
        ...['API_KEY_PEPPER', 'PLANS_FILE', 'OIDC_ISSUER', 'OIDC_AUDIENCE'],
        ...['TLS_CERT_FILE', 'TLS_KEY_FILE'],
      ]),
    )
  })

  it.each([
    ['PORT', ['-1', '80.5', '0x50', '1e3', 'http']],
    ['HOST', ['a b', 'http://x', 'x/y']],
    [
      'PUBLIC_URL',
      ['example.com', 'https://a.example/x', 'ftp://a.example', 'https://u:p@a.example'],
    ],
    ['TRUST_PROXY', ['10.0.0.0/', '10.0.0/8', '::/129', 'proxy', '10.0.0.0/8,,']],
    ['REDIS_URL', ['http://x', 'localhost:6379', 'redis+cluster://', 'redis+cluster://host']],
    ['MONGODB_URI', ['http://x', 'mongodb://', 'mongodb://h/?replicaSet=a&replicaSet=b&w=zero=']],
    ['ADMIN_API_KEY', ['a'.repeat(15), `${'a'.repeat(32)} b`, 'ä'.repeat(32)]],
    ['API_KEY_PEPPER', ['x', Buffer.alloc(31).toString('base64'), `${key}!`]],
    ['ENCRYPTION_KEYS', [key, `a:${key},a:${key}`, `a b:${key}`, 'a:c2hvcnQ=', `a:${key},`]],
    ['OIDC_ISSUER', ['issuer', 'http://10.0.0.1', 'javascript:alert(1)']],
    ['OIDC_ADMIN_CLAIM', ['admin', '=true', 'admin=']],
    ['OIDC_SCOPES', ['profile email', 'openid  email', 'openid "x"', 'openid,email']],
    ['DEMO_ADMIN', ['yes', 'true', '2']],
    ['SELF_SIGNUP', ['on', '-1']],
    ['SMTP_URL', ['mail.example.com', 'http://mail.example.com', 'smtp://', 'smtp:25']],
    [
      'MAIL_FROM',
      ['alerts', 'a@b', 'A <a@b.example> B', 'a@b.example,c@d.example', '"A <a@b.example>'],
    ],
    ['OUTBOUND_ALLOW', ['127.0.0.1', 'http://127.0.0.1:80', 'host:0', '127.0.0.1:80,']],
    ['LIMIT_COST', ['0', '-1', '1.5', 'many']],
  ])('refuse a %s that is none', (name, values) => {
    for (const value of values) {
      expect({ value, problems: problemsOf({ [name]: value }) }).toEqual({
        value,
        problems: expect.arrayContaining([expect.stringContaining(`  ${name}: `)]),
      })
    }
  })

  it('show nothing of a secret that they refuse', () => {
    // Too short for an admin key, so that this one is refused too.
    const planted = 'planted-value'
    const problems = problemsOf({
      ADMIN_API_KEY: planted,
      API_KEY_PEPPER: planted,
      ENCRYPTION_KEYS: `a:${planted}`,
      MONGODB_URI: `mongodb://user:${planted}@/`,
      REDIS_URL: `http://user:${planted}@x`,
      SMTP_URL: `http://user:${planted}@x`,
      MAIL_FROM: 'a@b.example',
    })
    expect(problems).toHaveLength(6)
    expect(problems.join('\n')).not.toContain(planted)
  })

  it('read lists, networks and keys into what they mean', () => {
    const config = readConfig({
      ...complete,
      TRUST_PROXY: '10.0.0.0/8, ::1',
      ALLOWED_ORIGINS: 'https://a.example,http://localhost:3000',
      REDIS_URL: 'redis+cluster://u:p@a:7000,b:7001',
    })
    expect(config.trustProxy).toEqual([
      { address: '10.0.0.0', prefix: 8, family: 'ipv4' },
      { address: '::1', prefix: 128, family: 'ipv6' },
    ])
    expect(config.allowedOrigins).toEqual(['https://a.example', 'http://localhost:3000'])
    expect(config.encryptionKeys.map(({ id, key: bytes }) => [id, bytes.length])).toEqual([
      ['new', 32],
      ['old', 32],
    ])
  })

  it('need an audience with an issuer, or for Cognito a client claim and id', () => {
    const issuer = { OIDC_ISSUER: 'https://issuer.example' }
    expect(problemsOf(issuer).join()).toContain('OIDC_AUDIENCE')
    expect(problemsOf({ ...issuer, OIDC_CLIENT_CLAIM: 'client_id' }).join()).toContain('CLIENT_ID')
    expect(problemsOf({ ...issuer, OIDC_AUDIENCE: 'us' })).toEqual([])
    const cognito = { OIDC_CLIENT_CLAIM: 'client_id', OIDC_CLIENT_ID: 'x' }
    expect(problemsOf({ ...issuer, ...cognito })).toEqual([])
    expect(problemsOf({ OIDC_ISSUER: 'http://127.0.0.1:9000', OIDC_AUDIENCE: 'us' })).toEqual([])
  })

  it('need a sender for an SMTP server elsewhere, and read it apart', () => {
    const smtp = { SMTP_URL: 'smtp://u:p@mail.example.com:587' }
    expect(problemsOf(smtp).join()).toContain('MAIL_FROM: missing beside SMTP_URL')
    expect(problemsOf({ SMTP_URL: 'smtp://127.0.0.1:2525' })).toEqual([])
    const mail = (from: string) => readConfig({ ...complete, ...smtp, MAIL_FROM: from }).mail.from
    expect(mail('a@b.example')).toEqual({ name: '', address: 'a@b.example' })
    expect(mail(' Us, Inc. <a@b.example> ')).toEqual({ name: 'Us, Inc.', address: 'a@b.example' })
  })

  it('read the private addresses that customers may reach as URLs name them', () => {
    const { outboundAllow } = readConfig({
      ...complete,
      OUTBOUND_ALLOW: 'LocalHost:80, [::0:1]:90',
    })
    expect([...outboundAllow]).toEqual(['localhost:80', '[::1]:90'])
  })

  it('need encryption keys for a worker that reads what is encrypted, and for no other', () => {
    const without = { ...complete, ENCRYPTION_KEYS: '' }
    expect(() => readWorkerConfig(without)).toThrow('ENCRYPTION_KEYS: missing')
    expect(readWorkerConfig(without, []).encryptionKeys).toEqual([])
    expect(readWorkerConfig(complete).encryptionKeys).toHaveLength(2)
  })

  it('name a browsable address when the server listens on every one', () => {
    expect(readConfig({ ...complete, HOST: '0.0.0.0' }).publicUrl).toBe('http://localhost:4000')
    expect(readConfig({ ...complete, HOST: '::1' }).publicUrl).toBe('http://[::1]:4000')
  })
})

describe('what npm start leaves in DATA_DIR', () => {
  const dataDir = join(folder, 'started')
  const embedded = { DATA_DIR: dataDir }

  it('is missing at first, and the message says which settings to give instead', () => {
    expect(() => readConfig(embedded)).toThrow(
      /REDIS_URL[\s\S]*MONGODB_URI[\s\S]*ADMIN_API_KEY[\s\S]*API_KEY_PEPPER[\s\S]*ENCRYPTION_KEYS/,
    )
    expect(readStartConfig(embedded)).toMatchObject({ embedded: true, redisUrl: null })
  })

  it('serves further processes on the same machine without any setting', () => {
    const secrets = ensureSecrets(dataDir, (size) => Buffer.alloc(size, 1))
    keptServers.write(dataDir, { redisPort: 7001, mongodPort: 7002 })
    expect(readConfig(embedded)).toMatchObject({
      embedded: true,
      redisUrl: 'redis://127.0.0.1:7001',
      mongodbUri: 'mongodb://127.0.0.1:7002/getcomplical?replicaSet=getcomplical',
      adminApiKey: secrets.adminApiKey,
    })
    expect(readWorkerConfig(embedded).redisUrl).toBe('redis://127.0.0.1:7001')
  })

  it('gives way to what is set', () => {
    const mine = { ...embedded, ADMIN_API_KEY: 'b'.repeat(40), REDIS_URL: 'redis://elsewhere:1' }
    expect(readConfig(mine)).toMatchObject({
      adminApiKey: 'b'.repeat(40),
      redisUrl: 'redis://elsewhere:1',
      embedded: false,
    })
  })

  it('brings an issuer of its own, but where another one is set or the servers are', () => {
    const claim = { name: 'role', value: 'admin' }
    expect(readConfig(embedded).ownIssuer).toEqual({ demoAdmin: false, adminClaim: claim })
    const named = { ...embedded, DEMO_ADMIN: '1', OIDC_ADMIN_CLAIM: 'groups=operators' }
    expect(readConfig(named).ownIssuer).toEqual({
      demoAdmin: true,
      adminClaim: { name: 'groups', value: 'operators' },
    })
    const oidc = { OIDC_ISSUER: 'https://issuer.example', OIDC_AUDIENCE: 'x' }
    expect(readConfig({ ...embedded, ...oidc }).ownIssuer).toBeNull()
    expect(readConfig({ ...embedded, REDIS_URL: 'redis://elsewhere:1' }).ownIssuer).toBeNull()
    expect(readConfig(complete).ownIssuer).toBeNull()
    expect(problemsOf({ OIDC_ADMIN_CLAIM: 'role=admin' })).toEqual([
      '  OIDC_ISSUER: missing beside OIDC_ADMIN_CLAIM',
    ])
  })

  it('lends its secrets to no other database', () => {
    const external = { ...embedded, MONGODB_URI: 'mongodb://elsewhere/x' }
    expect(() => readConfig(external)).toThrow(/ADMIN_API_KEY: missing/)
    expect(() => readStartConfig(external)).toThrow(/API_KEY_PEPPER: missing/)
    const { mongodbUri } = readConfig(embedded)
    expect(readConfig({ ...embedded, MONGODB_URI: mongodbUri }).adminApiKey).toMatch(/^gc_admin_/)
  })

  it('is the same at every start, and refused rather than replaced when damaged', () => {
    const again = ensureSecrets(dataDir, (size) => Buffer.alloc(size, 2))
    expect(again).toEqual(ensureSecrets(dataDir, (size) => Buffer.alloc(size, 3)))
    writeFileSync(join(dataDir, 'secrets.json'), '{')
    expect(() => ensureSecrets(dataDir, (size) => Buffer.alloc(size, 4))).toThrow('is damaged')
    expect(() => readConfig(embedded)).toThrow('DATA_DIR: ')
  })
})

describe('.env.example', () => {
  const text = readFileSync(join(root, '.env.example'), 'utf8')

  it('lists every setting once, and no other', () => {
    const listed = [...text.matchAll(/^# ([A-Z][A-Z_]+)=/gm)].map(([, name]) => name)
    expect(listed.toSorted()).toEqual(Object.keys(settings.shape).toSorted())
  })

  it('shows the defaults: with every line in force nothing changes', () => {
    const inForce = parseEnv(text.replaceAll(/^# (?=[A-Z][A-Z_]+=)/gm, ''))
    const given = Object.fromEntries(Object.entries(inForce).filter(([, value]) => value))
    expect(readConfig({ ...complete, ...given, DATA_DIR: complete.DATA_DIR })).toEqual(
      readConfig(complete),
    )
  })
})
