import type { Db } from 'mongodb'
import { createAlertIndexes } from './alerts.ts'
import { createBillingIndexes } from './billing-indexes.ts'
import { createCalendarFeedIndexes } from './calendar-feeds.ts'
import { createChannelIndexes } from './channels.ts'
import { createDatesReadIndexes } from './dates-read.ts'
import { createDeliveryIndexes } from './deliveries.ts'
import { createUsageIndexes } from './usage-cells.ts'

/**
 * Of all that an API process asks, but what its callers and topics make themselves. Idempotent; also makes the
 * collections, which transactions then need not.
 */
export async function createIndexes(db: Db): Promise<void> {
  await Promise.all([
    createUsageIndexes(db),
    createCalendarFeedIndexes(db),
    createAlertIndexes(db),
    createDatesReadIndexes(db),
    createChannelIndexes(db),
    createDeliveryIndexes(db),
    createBillingIndexes(db),
  ])
}
