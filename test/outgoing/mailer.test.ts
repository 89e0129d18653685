import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { createMailer, MailError } from '../../src/outgoing/mailer.ts'
import { headerOf, startMailServer } from './receivers.ts'

const folder = mkdtempSync(join(tmpdir(), 'getcomplical-mailer-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const from = { name: 'Us, Inc.', address: 'alerts@example.com' }
const mail = {
  id: 'key_a:2026-11:WARNING:1000:ch_a',
  to: 'owner@example.com',
  subject: 'Subject',
  text: 'text',
  html: '<p>html</p>',
  at: new Date('2026-11-22T20:38:00Z'),
}
const mailer = (smtpUrl: string | null, timeoutMs?: number) =>
  createMailer({ smtpUrl, from, dataDir: folder, ...(timeoutMs && { timeoutMs }) })
const failure = (sending: Promise<unknown>) =>
  sending.then(
    () => expect.unreachable('it was sent'),
    (error: unknown) => {
      expect(error).toBeInstanceOf(MailError)
      return error as MailError
    },
  )

describe('a mail goes to the server', () => {
  test('over smtps, after logging in', async () => {
    const seen: unknown[] = []
    const server = await startMailServer({
      secure: true,
      authOptional: false,
      onAuth({ username, password }, _session, done) {
        seen.push([username, password])
        if (password === 'p@ss word') done(null, { user: username })
        else done(new Error('wrong planted-answer'))
      },
    })
    const url = (password: string) =>
      `smtps://us%40example.com:${encodeURIComponent(password)}@127.0.0.1:${server.port}`
    expect(await mailer(url('p@ss word'))(mail)).toBe(250)
    expect(seen).toEqual([['us@example.com', 'p@ss word']])
    expect(server.mails).toMatchObject([{ to: ['owner@example.com'], secure: true }])
    const [first] = server.mails
    expect(first && headerOf(first, 'From')).toBe('"Us, Inc." <alerts@example.com>')
    expect(first && headerOf(first, 'Date')).toBe('Sun, 22 Nov 2026 20:38:00 +0000')

    const { message, permanent, code } = await failure(mailer(url('planted-password'))(mail))
    expect(message).toBe('our mail server refused to send (535)')
    expect({ permanent, code }).toEqual({ permanent: false, code: 535 })
    await server.stop()
  })

  test('never in the clear where STARTTLS is offered and fails, or is demanded and not offered', async () => {
    const offering = await startMailServer()
    const strict = mailer(`smtp://127.0.0.1:${offering.port}?tls.rejectUnauthorized=true`)
    expect((await failure(strict(mail))).message).toContain('our mail server could not be reached')
    expect(offering.mails).toEqual([])
    const plain = await startMailServer({ disabledCommands: ['STARTTLS'] })
    const demanding = mailer(`smtp://127.0.0.1:${plain.port}?requireTLS=true`)
    expect((await failure(demanding(mail))).permanent).toBe(false)
    expect(plain.mails).toEqual([])
    await Promise.all([offering.stop(), plain.stop()])
  })

  test('to one recipient, whatever the address looks like', async () => {
    const server = await startMailServer({ disabledCommands: ['STARTTLS'] })
    const send = mailer(`smtp://127.0.0.1:${server.port}`)
    for (const to of ['a@example.com, b@example.com', 'a@example.com\r\nBcc: b@example.com']) {
      await send({ ...mail, to }).catch(() => {})
    }
    for (const { to } of server.mails) {
      expect(to).toHaveLength(1)
      expect(to).not.toContain('b@example.com')
    }
    for (const received of server.mails) expect(headerOf(received, 'Bcc')).toBeUndefined()
    await server.stop()
  })

  test('and is given up in time where that says nothing', async () => {
    const silent = createServer((socket) => socket.on('error', () => {}))
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    const error = await failure(mailer(`smtp://127.0.0.1:${port}`, 200)(mail))
    expect(error.message).toBe('our mail server did not answer in time')
    expect(error).toMatchObject({ permanent: false, code: null })
    silent.close()
  })
})

describe('without a server', () => {
  test('each mail is one file, whole, of the owner alone, however often it is written', async () => {
    const send = mailer(null)
    expect(await Promise.all([send(mail), send(mail), send(mail)])).toEqual([null, null, null])
    const names = readdirSync(join(folder, 'mail'))
    expect(names).toEqual(['key_a%3A2026-11%3AWARNING%3A1000%3Ach_a.eml'])
    const path = join(folder, 'mail', names[0] ?? '')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readFileSync(path, 'utf8')).toMatch(/^From: "Us, Inc\." <alerts@example\.com>/m)
  })

  test('no id leads out of the folder', async () => {
    await mailer(null)({ ...mail, id: '../../x/..' })
    expect(readdirSync(join(folder, 'mail'))).toContain('%2E%2E%2F%2E%2E%2Fx%2F%2E%2E.eml')
  })

  test('a text that looks like a path or a URL is only text', async () => {
    const secret = join(folder, 'secret.txt')
    writeFileSync(secret, 'planted-secret')
    await mailer(null)({ ...mail, id: 'texts', text: `file://${secret}`, html: secret })
    const eml = readFileSync(join(folder, 'mail', 'texts.eml'), 'utf8')
    expect(eml).not.toContain('planted-secret')
  })

  test('a folder that cannot be written is a failure that passes', async () => {
    writeFileSync(join(folder, 'file'), '')
    const send = createMailer({ smtpUrl: null, from, dataDir: join(folder, 'file') })
    expect(await failure(send(mail))).toMatchObject({ permanent: false, code: null })
  })
})
