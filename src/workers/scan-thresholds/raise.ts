import type { Db } from 'mongodb'
import type { AlertDoc } from '../../store/alerts.ts'
import type { Encryption } from '../../store/encryption.ts'
import { type NewAlert, type RaiseOptions, raiseAlert } from '../../store/raise-alert.ts'
import type { ScanMetrics } from './scan-metrics.ts'

export interface RaiseDeps {
  db: Db
  /** ms since the epoch */
  clock: () => number
  metrics: ScanMetrics
  /** Absent: accounts from before there were channels are told by the channels that they make. */
  encryption?: Pick<Encryption, 'encrypt'> | undefined
  /** After the commit; must not throw. */
  onRaised?: ((alert: AlertDoc) => void) | undefined
}

/** @returns null where it was raised before, or its key is revoked */
export type Raise = (
  alert: NewAlert,
  options?: Omit<RaiseOptions, 'encrypt'>,
) => Promise<AlertDoc | null>

/** How all scans raise: once, counted, and announced to whoever publishes. */
export function createRaise({ db, clock, metrics, encryption, onRaised }: RaiseDeps): Raise {
  const encrypt = encryption && { encrypt: encryption.encrypt }
  return async (alert, options = {}) => {
    const raised = await raiseAlert(db, alert, { ...options, ...encrypt }, clock())
    if (!raised) return null
    metrics.raised.inc({ level: raised.level })
    onRaised?.(raised)
    return raised
  }
}
