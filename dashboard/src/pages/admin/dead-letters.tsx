import { Stack } from '@mantine/core'
import { BillingEvents } from './billing-events.tsx'
import { DeadDeliveries } from './dead-deliveries.tsx'

/** What was given up: sent or applied once more by a button. */
export function DeadLetters() {
  return (
    <Stack>
      <DeadDeliveries />
      <BillingEvents />
    </Stack>
  )
}
