import type { AlertDoc } from '../../src/store/alerts.ts'

export function sampleAlert(at: number): AlertDoc {
  return {
    _id: 'key_a:2026-11:WARNING:1000',
    ...{ accountId: 'acc_a', apiKeyId: 'key_a', sequence: 1, level: 'WARNING', month: '2026-11' },
    ...{ used: 800, monthlyLimit: 1_000, percent: 80 },
    message:
      'gc_live_abcd has reached 80 % of its 1,000 calls for November 2026: 800 of 1,000 are used.',
    raisedAt: new Date(at),
    ...{ muted: false, passed: false, acknowledgedAt: null, unpublishedSince: null },
  }
}
