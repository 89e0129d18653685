import { describe, expect, test } from 'vitest'
import { createOrigins } from '../../src/http/cors.ts'

const app = 'https://app.example.com'

describe('allowed origins', () => {
  const origins = createOrigins([app])

  test('are named, never with credentials', () => {
    const headers = {
      ...origins.corsHeaders({ origin: app }),
      ...origins.preflightHeaders({ origin: app }),
    }
    expect(headers).toMatchObject({ 'Access-Control-Allow-Origin': app, Vary: 'Origin' })
    expect(Object.keys(headers)).not.toContain('Access-Control-Allow-Credentials')
  })

  test.each([
    'https://evil.example',
    `${app}.evil.example`,
    'http://app.example.com',
    'null',
    `${app}:444`,
  ])('%s is none of them', (origin) => {
    expect(origins.corsHeaders({ origin })).toEqual({ Vary: 'Origin' })
    expect(origins.preflightHeaders({ origin })).toEqual({ Vary: 'Origin' })
    expect(origins.mayConnect({ origin, host: 'api.example.com' })).toBe(false)
  })
})

describe('without a list', () => {
  const origins = createOrigins([])

  test('no page of another origin is answered', () => {
    expect(origins.corsHeaders({ origin: app })).toEqual({})
    expect(origins.mayConnect({ origin: app, host: 'api.example.com' })).toBe(false)
  })

  test.each([
    ['https://api.example.com', 'api.example.com'],
    ['https://api.example.com', 'api.example.com:443'],
    ['http://localhost:4000', 'localhost:4000'],
    ['http://[::1]:4000', '[::1]:4000'],
  ])('a page of our own may open a socket: %s at %s', (origin, host) => {
    expect(origins.mayConnect({ origin, host })).toBe(true)
  })

  test.each([
    ['http://localhost:5000', 'localhost:4000'],
    ['nonsense', 'localhost'],
    ['http://localhost', undefined],
  ])('another port or nonsense may not: %s at %s', (origin, host) => {
    expect(origins.mayConnect({ origin, ...(host !== undefined && { host }) })).toBe(false)
  })

  test('who is no browser sends no origin', () => {
    expect(origins.mayConnect({ host: 'localhost' })).toBe(true)
  })
})
