import { Badge, Group, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import { moneyInWords } from '../../components/money-amount.tsx'
import { Name } from '../../components/name.tsx'
import { Panel } from '../../components/panel.tsx'
import { Empty } from '../../components/states.tsx'
import { UtcTime } from '../../components/utc-time.tsx'
import type { BillingKey, BillingPlan } from './billing.tsx'
import { providerNames, subscriptionWords } from './billing-words.ts'
import { ChoosePlan, limitInWords } from './choose-plan.tsx'
import { PortalButton } from './portal-button.tsx'

interface KeyPlansProps {
  keys: readonly BillingKey[]
  plans: readonly BillingPlan[]
}

/** What each key may do, and who is paid for it. */
export function KeyPlans({ keys, plans }: KeyPlansProps) {
  return (
    <Panel
      title="Plans of your keys"
      about={
        !plans.some(({ soldBy }) => soldBy.length > 0) &&
        'No payment provider is set up on this server, so that no plan can be bought here. The operator changes the plan of a key; what it costs is invoiced below.'
      }
    >
      {keys.length === 0 ? (
        <Empty>You have no key. Create one on the page “Keys”.</Empty>
      ) : (
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="xl" verticalSpacing="xl">
          {keys.map((key) => (
            <KeyPlan key={key.id} apiKey={key} plans={plans} />
          ))}
        </SimpleGrid>
      )}
    </Panel>
  )
}

/** A subscription that goes on, or stands still: it is changed at the provider, and no second one is sold. */
const held = new Set(['ACTIVE', 'TRIALING', 'PAST_DUE', 'PAUSED'])

function KeyPlan({ apiKey, plans }: { apiKey: BillingKey; plans: readonly BillingPlan[] }) {
  const { id, name, prefix, tier, billingStatus } = apiKey
  const plan = plans.find((one) => one.id === tier)
  const { word, colour } = subscriptionWords[billingStatus]
  return (
    <Stack gap={6} component="section" aria-labelledby={`plan-of-${id}`}>
      <Group gap="xs">
        <Title order={3} size="h5" id={`plan-of-${id}`}>
          <Name>{name}</Name>
        </Title>
        <Text span size="sm" c="dimmed">
          {prefix}…
        </Text>
      </Group>
      <Group gap="xs">
        <Text span fw={600}>
          {plan?.name ?? tier}
        </Text>
        {plan?.price && (
          <Text span className="figures">
            {moneyInWords(plan.price)} a month
          </Text>
        )}
        <Badge color={colour} variant="light" tt="none">
          {word}
        </Badge>
      </Group>
      {plan && (
        <Text size="sm" c="dimmed">
          {limitInWords(plan)}
        </Text>
      )}
      <Text size="sm">
        <WhatComes apiKey={apiKey} plans={plans} />
      </Text>
      <Group gap="xs">
        {!held.has(billingStatus) && <ChoosePlan apiKey={apiKey} plans={plans} />}
        <PortalButton
          apiKey={apiKey}
          label={held.has(billingStatus) ? 'Manage or cancel' : 'Earlier subscription'}
        />
      </Group>
    </Stack>
  )
}

/** What the subscription does next. */
function WhatComes({ apiKey, plans }: { apiKey: BillingKey; plans: readonly BillingPlan[] }) {
  const { subscription, refusedFrom } = apiKey
  if (!subscription) return 'Nobody is charged for this key by a provider.'
  const { provider, status, currentPeriodEnd, endsAt } = subscription
  const paidFor = plans.find(({ id }) => id === subscription.tier)?.name ?? subscription.tier
  const at = `${paidFor} by ${providerNames[provider]}`
  if (status === 'CANCELED') {
    return (
      <>
        {at}: ended
        {endsAt && (
          <>
            {' '}
            on <UtcTime at={endsAt} />
          </>
        )}
        ; the key is on the free plan.
      </>
    )
  }
  if (status === 'PAUSED') return <>{at}: paused. The key is on the free plan until it goes on.</>
  if (status === 'PAST_DUE') {
    return (
      <>
        {at}: a payment has failed.
        {refusedFrom && (
          <>
            {' '}
            Calls are served until <UtcTime at={refusedFrom} />.
          </>
        )}
      </>
    )
  }
  if (endsAt) {
    return (
      <>
        {at}: cancelled, and good until <UtcTime at={endsAt} />. From then on the key is on the free
        plan.
      </>
    )
  }
  return (
    <>
      {at}
      {currentPeriodEnd && (
        <>
          , renewed on <UtcTime at={currentPeriodEnd} />
        </>
      )}
      .
    </>
  )
}
