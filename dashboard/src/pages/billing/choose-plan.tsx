import { Button, Group, Modal, Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useState } from 'react'
import { useMutation } from 'urql'
import { closing } from '../../components/ask-first.tsx'
import { moneyInWords } from '../../components/money-amount.tsx'
import { Failed } from '../../components/states.tsx'
import { whole } from '../../format/numbers.ts'
import { type BillingProvider, CreateCheckoutDocument } from '../../gql/graphql.ts'
import type { BillingKey, BillingPlan } from './billing.tsx'
import { providerNames } from './billing-words.ts'

interface ChoosePlanProps {
  apiKey: BillingKey
  plans: readonly BillingPlan[]
}

/** Plans that can be bought for a key, each at the providers that sell it here. Nothing where none is sold. */
export function ChoosePlan({ apiKey, plans }: ChoosePlanProps) {
  const [opened, { open, close }] = useDisclosure()
  const sold = plans.filter(({ soldBy }) => soldBy.length > 0)
  if (sold.length === 0) return null
  return (
    <>
      <Button size="xs" onClick={open} aria-label={`Choose a plan for ${apiKey.name}`}>
        Choose a plan
      </Button>
      <Modal
        opened={opened}
        onClose={close}
        title={<b>A plan for “{apiKey.name}”</b>}
        size="xl"
        centered
        {...closing}
      >
        <Text size="sm" mb="md">
          You pay on the provider’s page and come back here. The plan counts as soon as the payment
          has arrived, mostly within seconds.
        </Text>
        <SimpleGrid cols={{ base: 1, sm: Math.min(3, sold.length) }}>
          {sold.map((plan) => (
            <Offer key={plan.id} apiKey={apiKey} plan={plan} />
          ))}
        </SimpleGrid>
      </Modal>
    </>
  )
}

function Offer({ apiKey, plan }: { apiKey: BillingKey; plan: BillingPlan }) {
  const [{ error }, checkout] = useMutation(CreateCheckoutDocument)
  const [leaving, setLeaving] = useState<BillingProvider | null>(null)

  async function leave(provider: BillingProvider): Promise<void> {
    setLeaving(provider)
    const { data } = await checkout({ apiKeyId: apiKey.id, tier: plan.id, provider })
    if (data?.createCheckout) location.assign(data.createCheckout.url)
    else setLeaving(null)
  }

  return (
    <Paper withBorder p="md" component="section" aria-label={plan.name}>
      <Stack gap="xs" h="100%" justify="space-between">
        <div>
          <Title order={3} size="h5">
            {plan.name}
          </Title>
          <Text fz="xl" fw={700}>
            {plan.price && moneyInWords(plan.price)}
          </Text>
          <Text size="sm" c="dimmed">
            a month
          </Text>
          <Text size="sm" mt="xs">
            {limitInWords(plan)}
          </Text>
        </div>
        <Group gap="xs">
          {plan.soldBy.map((provider) => (
            <Button
              key={provider}
              size="xs"
              loading={leaving === provider}
              disabled={leaving !== null && leaving !== provider}
              onClick={() => void leave(provider)}
              aria-label={`Pay with ${providerNames[provider]} for ${plan.name}`}
            >
              Pay with {providerNames[provider]}
            </Button>
          ))}
        </Group>
        {error && <Failed what="The checkout did not open." error={error} />}
      </Stack>
    </Paper>
  )
}

/** What a month holds, and what happens above that. */
export function limitInWords({ monthlyLimit, overage }: BillingPlan): string {
  if (monthlyLimit === null) return 'Any number of units a month.'
  const limit = `${whole(monthlyLimit)} units a month`
  if (!overage) return `${limit}; calls above that are refused.`
  return `${limit}, then ${moneyInWords(overage.price)} for each ${whole(overage.per)} more.`
}
