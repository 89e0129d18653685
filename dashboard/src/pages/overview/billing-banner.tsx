import { Alert, Anchor, Stack, Text } from '@mantine/core'
import { Link } from 'wouter'
import { Name } from '../../components/name.tsx'
import { UtcTime } from '../../components/utc-time.tsx'
import type { OverviewAccount } from './account-now.ts'

/** What keeps calls from being served, or soon will; nothing where all is well. */
export function BillingBanner({
  account: { subscription, apiKeys },
}: {
  account: OverviewAccount
}) {
  const blocked = apiKeys.filter(({ status }) => status === 'BLOCKED')
  const pastDue = subscription?.status === 'PAST_DUE' ? subscription : null
  if (blocked.length === 0 && !pastDue) return null
  const title = blocked.length > 0 ? 'Calls are refused' : 'A payment has failed'
  return (
    <Alert color={blocked.length > 0 ? 'red' : 'orange'} title={title} role="alert" variant="light">
      <Stack gap="xs">
        {blocked.map(({ id, name, prefix, blockedBecause }) => (
          <Text key={id} size="sm">
            <b>
              <Name>{name}</Name> ({prefix}…)
            </b>{' '}
            is blocked. {blockedBecause}
          </Text>
        ))}
        {pastDue && (
          <Text size="sm">
            {pastDue.pastDueSince ? (
              <>
                Payments have failed since <UtcTime at={pastDue.pastDueSince} />.{' '}
              </>
            ) : (
              'Payments fail. '
            )}
            Calls are served for the days of grace only: renew your means of payment before they are
            over.
          </Text>
        )}
        <Anchor component={Link} href="/billing" size="sm" underline="always">
          See to it on the page “Billing”
        </Anchor>
      </Stack>
    </Alert>
  )
}
