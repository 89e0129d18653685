import { Alert, Stack, Text } from '@mantine/core'
import { Name } from '../../components/name.tsx'
import { UtcTime } from '../../components/utc-time.tsx'
import { fromNow } from '../../format/times.ts'
import type { BillingKey, BillingPlan } from './billing.tsx'
import { providerNames } from './billing-words.ts'
import { PortalButton } from './portal-button.tsx'

interface PastDueProps {
  keys: readonly BillingKey[]
  plans: readonly BillingPlan[]
}

/** Where payments fail or calls are refused: since when, until when, and what to do. */
export function PastDue({ keys, plans }: PastDueProps) {
  const blocked = keys.filter(({ status }) => status === 'BLOCKED')
  const failing = keys.filter(
    ({ status, billingStatus }) => status !== 'BLOCKED' && billingStatus === 'PAST_DUE',
  )
  return (
    <>
      {blocked.map((key) => (
        <Blocked key={key.id} apiKey={key} />
      ))}
      {failing.map((key) => (
        <Failing key={key.id} apiKey={key} plans={plans} />
      ))}
    </>
  )
}

function Blocked({ apiKey }: { apiKey: BillingKey }) {
  return (
    <Alert
      color="red"
      role="alert"
      title={
        <>
          Calls with “<Name>{apiKey.name}</Name>” are refused
        </>
      }
    >
      <Stack gap="sm" align="flex-start">
        <Text size="sm">{apiKey.blockedBecause}</Text>
        <PortalButton apiKey={apiKey} label="Pay or change the payment method" filled />
      </Stack>
    </Alert>
  )
}

function Failing({ apiKey, plans }: { apiKey: BillingKey; plans: readonly BillingPlan[] }) {
  const { name, subscription, refusedFrom } = apiKey
  if (!subscription) return null
  const plan = plans.find(({ id }) => id === subscription.tier)?.name ?? subscription.tier
  const provider = providerNames[subscription.provider]
  return (
    <Alert
      color="orange"
      role="alert"
      title={
        <>
          A payment for “<Name>{name}</Name>” has failed
        </>
      }
    >
      <Stack gap="sm" align="flex-start">
        <Text size="sm">
          {provider} could not collect what the plan {plan} costs
          {subscription.pastDueSince !== null && (
            <>
              {' '}
              since <UtcTime at={subscription.pastDueSince} />
            </>
          )}
          .{' '}
          {refusedFrom === null ? (
            'Calls are served, because another subscription of the key is paid.'
          ) : (
            <>
              Calls are served until{' '}
              <b>
                <UtcTime at={refusedFrom} />
              </b>{' '}
              ({fromNow(refusedFrom, Date.now())}) and refused from then on, until the payment
              arrives.
            </>
          )}
        </Text>
        <Text size="sm">
          Pay the open invoice or change the payment method at {provider}
          {!subscription.hasPortal && ', by the link in its mail about the invoice'}. It is noticed
          here within seconds; nothing else is to be done.
        </Text>
        <PortalButton apiKey={apiKey} label="Pay or change the payment method" filled />
      </Stack>
    </Alert>
  )
}
